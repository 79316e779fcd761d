import { type AuthenticationState, initAuthCreds, makeMemoryAuthState } from 'kurir'

/** Credentials as after a pairing, for services that do not look at them closely. */
export function linkedAuth(): AuthenticationState {
  const me = { id: '6281110099:1@s.whatsapp.net', lid: '100000000000099:1@lid', name: 'Bot' }
  return makeMemoryAuthState({ ...initAuthCreds(), me }).state
}
