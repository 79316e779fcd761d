import { jidNormalizedUser } from '../binary/jid.js'
import type { SocketCore } from './core.js'
import type { Privacy } from './privacy.js'

/**
 * Fetches what has changed of the account while this device was away: its privacy settings and its blocklist
 * (docs/protocol/04, 3.1). That its picture has changed is told; who wants it asks for it. The devices belong to the
 * usync layer.
 */
export function refetchAccount(core: SocketCore, privacy: Privacy): void {
  const { dirtyBits, ev, creds } = core
  dirtyBits.on('account_sync', async bit => {
    if (bit.concerns('privacy')) await privacy.fetchPrivacySettings(true)
  })
  dirtyBits.on('account_sync', async bit => {
    if (bit.concerns('blocklist')) ev.emit('blocklist.set', { blocklist: await privacy.fetchBlocklist() })
  })
  dirtyBits.on('account_sync', async bit => {
    if (bit.concerns('picture') && creds.me) {
      ev.emit('contacts.update', [{ id: jidNormalizedUser(creds.me.id), imgUrl: 'changed' }])
    }
  })
}
