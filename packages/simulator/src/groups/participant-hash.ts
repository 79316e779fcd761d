import { sha256 } from 'kurir/crypto'

/**
 * The hash of a set of devices, version 2 (docs/protocol/02 §4.5): `2:` and 8 characters. JIDs are device JIDs of one
 * form, `user@server` standing for device 0.
 */
export const participantHash = (deviceJids: readonly string[]): string => {
  const canonical = deviceJids.map(canonicalForm).sort()
  return `2:${sha256(Buffer.from(canonical.join('')))
    .subarray(0, 6)
    .toString('base64')}`
}

/** `user.0:device@server`: agent and device always written. */
const canonicalForm = (written: string): string => {
  const jid = written.endsWith('@c.us') ? `${written.slice(0, -'c.us'.length)}s.whatsapp.net` : written
  const at = jid.indexOf('@')
  const colon = jid.indexOf(':')
  if (colon < 0 || colon > at) return `${jid.slice(0, at)}.0:0${jid.slice(at)}`
  return `${jid.slice(0, colon)}.0${jid.slice(colon)}`
}
