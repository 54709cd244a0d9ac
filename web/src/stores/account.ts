/** Who is here: a token of the issuer, kept in this browser until it ends. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { Role } from '../../../contracts/claims.ts';
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

/** What the token says its bearer is; whether that is so, the server decides. */
function roleIn(token: string): Role {
  const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
  return (JSON.parse(atob(payload)) as { role?: Role }).role ?? 'buyer';
}

export const useAccount = defineStore('account', () => {
  const account = ref(kept());
  useToken(account.value?.token ?? '');
  const uid = computed(() => account.value?.uid);
  const role = computed(() => account.value && roleIn(account.value.token));

  function become(next: Kept | undefined): void {
    account.value = next;
    useToken(next?.token ?? '');
    if (next) localStorage.setItem(KEPT, JSON.stringify(next));
    else localStorage.removeItem(KEPT);
  }
  /** @throws Refused */
  async function signIn(name: string, as?: Role): Promise<void> {
    const { token, expiresAt } = await api.signIn(name, as);
    become({ uid: name, token, expiresAt });
  }
  return { uid, role, signIn, signOut: () => become(undefined) };
});
