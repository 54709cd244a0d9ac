/**
 * Whether a buyer may take part in a session: asked of the server with a permit, which it gives to
 * whoever reserved, before the sale opens.
 */
import { ref, watch } from 'vue';
import { api, refusedOf } from './api.ts';
import { useAccount } from './stores/account.ts';

/** As far as the server was asked. */
export type Standing = 'unknown' | 'in' | 'out';

export function useStanding(sessionId: string) {
  const account = useAccount();
  const standing = ref<Standing>('unknown');
  const permit = ref('');
  const problem = ref('');
  const busy = ref(false);

  /** A permit says whether one may take part; it is had before the sale opens. */
  async function askPermit(): Promise<void> {
    if (!account.uid) {
      standing.value = 'unknown';
      return;
    }
    try {
      permit.value = (await api.permit(sessionId)).permit;
      standing.value = 'in';
    } catch (error) {
      const { word, message } = refusedOf(error);
      if (word === 'NOT_RESERVED') standing.value = 'out';
      else if (word === 'UNAUTHENTICATED') account.signOut();
      else problem.value = message;
    }
  }
  async function reserve(): Promise<void> {
    busy.value = true;
    try {
      await api.reserve(sessionId);
      problem.value = '';
      await askPermit();
    } catch (error) {
      problem.value = refusedOf(error).message;
    } finally {
      busy.value = false;
    }
  }
  watch(() => account.uid, askPermit, { immediate: true });
  return { standing, permit, problem, busy, askPermit, reserve };
}
