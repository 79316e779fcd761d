import { bigEndian, element } from '../router/stanzas.js'
import type { PhoneKeys } from './phone-keys.js'
import type { PhoneSignal } from './phone-signal.js'
import type { PhoneWire } from './phone-wire.js'

/** Makes one-time prekeys, keeps their private halves, and uploads the public ones with the identity. */
export const publishPreKeys = async (
  wire: PhoneWire,
  keys: PhoneKeys,
  signal: PhoneSignal,
  count: number,
): Promise<void> => {
  const preKeys = keys.makePreKeys(count)
  await signal.storePreKeys(preKeys)
  const { registrationId, identity, signedPreKey } = keys.published
  const entry = (id: number, value: Uint8Array) => [element('id', {}, bigEndian(id, 3)), element('value', {}, value)]
  const list = preKeys.map(key => element('key', {}, entry(key.id, key.public)))
  const signature = element('signature', {}, signedPreKey.signature)
  await wire.query({ xmlns: 'encrypt', type: 'set' }, [
    element('registration', {}, bigEndian(registrationId, 4)),
    element('type', {}, Buffer.of(5)),
    element('identity', {}, identity),
    element('list', {}, list),
    element('skey', {}, [...entry(signedPreKey.id, signedPreKey.public), signature]),
  ])
}
