/** Who is here: a token of the issuer, kept in this browser until it ends. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { api, useToken } from '../api.ts';

interface Kept {
  readonly uid: string;
  readonly token: string;
  readonly expiresAt: string;
}
const KEPT = 'hotseat.account';

function kept(): Kept | undefined {
  const found = localStorage.getItem(KEPT);
  const account = found ? (JSON.parse(found) as Kept) : undefined;
  return account && Date.parse(account.expiresAt) > Date.now() ? account : undefined;
}

export const useAccount = defineStore('account', () => {
  const account = ref(kept());
  useToken(account.value?.token ?? '');
  const uid = computed(() => account.value?.uid);

  function become(next: Kept | undefined): void {
    account.value = next;
    useToken(next?.token ?? '');
    if (next) localStorage.setItem(KEPT, JSON.stringify(next));
    else localStorage.removeItem(KEPT);
  }
  /** @throws Refused */
  async function signIn(name: string): Promise<void> {
    const { token, expiresAt } = await api.signIn(name);
    become({ uid: name, token, expiresAt });
  }
  return { uid, signIn, signOut: () => become(undefined) };
});
