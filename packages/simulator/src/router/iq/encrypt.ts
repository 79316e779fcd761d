import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { sha1, typedPublicKey, xeddsaVerify } from 'kurir/crypto'
import type { Device } from '../../accounts/device.js'
import type { PublicPreKey, PublicSignedPreKey } from '../../accounts/prekey-store.js'
import { type IqAnswer, IqFailure, type IqHandler, NO_CHILDREN } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { bigEndian, bytesOf, element, integerOf, SERVICE } from '../stanzas.js'

const KEY_TYPE = Buffer.of(5)
/** Below this stock a device is asked for more, once per upload. */
const LOW_STOCK = 10

/** Everything of `xmlns=encrypt`: stock, upload, digest, rotation, and the hand-out of bundles (docs/protocol/02 §8). */
export const encryptHandlers = (core: ServiceCore): Readonly<Record<string, IqHandler>> => ({
  'encrypt get count': ({ device }) => [element('count', { value: String(device.preKeys.count) })],
  'encrypt get digest': ({ device }) => digest(device),
  'encrypt get key': ({ device, child }) => [element('list', {}, bundlesOf(core, device, child))],
  'encrypt get key_fetch': ({ device, child }) => [element('list', {}, missingBundlesOf(core, device, child))],
  'encrypt get identity': ({ child }) => [element('list', {}, identitiesOf(core, child))],
  'encrypt set registration': ({ device, node }) => upload(core, device, node),
  'encrypt set rotate': ({ device, node, child }) => rotate(core, device, node, child),
})

const upload = (core: ServiceCore, device: Device, node: BinaryNode): IqAnswer => {
  const identity = bytesOf(getBinaryNodeChild(node, 'identity'))
  const registrationId = integerOf(getBinaryNodeChild(node, 'registration'))
  const signedPreKey = readSignedPreKey(getBinaryNodeChild(node, 'skey'))
  const list = getBinaryNodeChild(node, 'list')
  const keys = list === undefined ? [] : getBinaryNodeChildren(list, 'key').map(readPreKey)
  if (identity === undefined || registrationId === undefined || signedPreKey === undefined) {
    return new IqFailure(406, 'not-acceptable')
  }
  if (Buffer.compare(identity, device.keys.identity) !== 0) {
    core.violation(device, 'prekey-upload', 'prekeys come with the identity key the device was linked with', node)
    return new IqFailure(406, 'not-acceptable', [element('identity', {}, device.keys.identity)])
  }
  if (!isSignedBy(identity, signedPreKey)) {
    core.violation(device, 'invalid-signature', 'the signed prekey is not signed by the identity key', node)
    return new IqFailure(406, 'not-acceptable')
  }
  const valid = keys.filter(key => key !== undefined)
  const distinct = new Set(valid.map(key => key.id))
  if (valid.length !== keys.length || distinct.size !== valid.length || distinct.has(0)) {
    core.violation(device, 'prekey-upload', 'prekey ids are distinct and 1 to 16777215', node)
    return new IqFailure(406, 'not-acceptable')
  }
  const { conflicting } = device.preKeys.add(valid)
  if (conflicting.length > 0) {
    const message = `prekeys were uploaded before with other values: ${conflicting.slice(0, 5).join(', ')}`
    core.violation(device, 'prekey-upload', message, node)
  }
  device.keys = { identity, registrationId, signedPreKey }
  device.lowPreKeysNotified = false
  return NO_CHILDREN
}

const rotate = (core: ServiceCore, device: Device, node: BinaryNode, child: BinaryNode | undefined): IqAnswer => {
  const signedPreKey = readSignedPreKey(child === undefined ? undefined : getBinaryNodeChild(child, 'skey'))
  if (signedPreKey === undefined) return new IqFailure(406, 'not-acceptable')
  if (!isSignedBy(device.keys.identity, signedPreKey)) {
    core.violation(device, 'invalid-signature', 'the signed prekey is not signed by the identity key', node)
    return new IqFailure(406, 'not-acceptable')
  }
  device.keys = { ...device.keys, signedPreKey }
  return NO_CHILDREN
}

/** The hash covers identity, signed prekey, its signature, and the stock in the order of the list (§8.5). */
const digest = (device: Device): IqAnswer => {
  const stock = [...device.preKeys.available()]
  if (stock.length === 0) return new IqFailure(404, 'item-not-found')
  const { identity, registrationId, signedPreKey } = device.keys
  const hash = sha1(
    Buffer.concat([identity, signedPreKey.public, signedPreKey.signature, ...stock.map(key => key.public)]),
  )
  return [
    element('digest', {}, [
      element('registration', {}, bigEndian(registrationId, 4)),
      element('type', {}, KEY_TYPE),
      element('identity', {}, identity),
      signedPreKeyElement(signedPreKey),
      element(
        'list',
        {},
        stock.map(key => element('id', {}, bigEndian(key.id, 3))),
      ),
      element('hash', {}, hash),
    ]),
  ]
}

const bundlesOf = (core: ServiceCore, asker: Device, child: BinaryNode | undefined): BinaryNode[] =>
  (child === undefined ? [] : getBinaryNodeChildren(child, 'user')).map(user => {
    const { jid } = user.attrs
    const resolved = core.accounts.resolve(jid)
    if (resolved?.device === undefined) return element('user', { jid }, [notFound()])
    resolved.account.watchers.add(asker.account)
    return element('user', { jid, t: core.time() }, bundle(core, resolved.device))
  })

/** The form for devices whose keys are missing or have changed: devices are children of their user. */
const missingBundlesOf = (core: ServiceCore, asker: Device, child: BinaryNode | undefined): BinaryNode[] =>
  (child === undefined ? [] : getBinaryNodeChildren(child, 'user')).map(user => {
    const { jid } = user.attrs
    const resolved = core.accounts.resolve(jid)
    if (resolved === undefined) return element('user', { jid }, [notFound()])
    resolved.account.watchers.add(asker.account)
    const devices = getBinaryNodeChildren(user, 'device').flatMap(asked => {
      const device = resolved.account.devices.get(Number(asked.attrs['id']))
      if (device === undefined) return []
      const known = integerOf(getBinaryNodeChild(asked, 'registration'))
      if (known === device.keys.registrationId) return []
      return [element('device', { id: asked.attrs['id'], t: core.time() }, bundle(core, device))]
    })
    return element('user', { jid }, devices)
  })

const bundle = (core: ServiceCore, device: Device): BinaryNode[] => {
  const { identity, registrationId, signedPreKey } = device.keys
  const parts = [
    element('registration', {}, bigEndian(registrationId, 4)),
    element('type', {}, KEY_TYPE),
    element('identity', {}, identity),
    signedPreKeyElement(signedPreKey),
  ]
  const preKey = device.preKeys.take()
  if (preKey !== undefined) parts.push(preKeyElement(preKey))
  const { fullDeviceIdentity } = device
  if (fullDeviceIdentity !== undefined) parts.push(element('device-identity', {}, fullDeviceIdentity))
  askForMore(core, device)
  return parts
}

const askForMore = (core: ServiceCore, device: Device): void => {
  if (device.preKeys.count >= LOW_STOCK || device.lowPreKeysNotified) return
  device.lowPreKeysNotified = true
  const attrs = { from: SERVICE, type: 'encrypt', id: core.stanzaId(), t: core.time() }
  const count = element('count', { value: String(device.preKeys.count) })
  core.delivery.deliver(device, element('notification', attrs, [count]))
}

const identitiesOf = (core: ServiceCore, child: BinaryNode | undefined): BinaryNode[] =>
  (child === undefined ? [] : getBinaryNodeChildren(child, 'user')).map(user => {
    const device = core.accounts.resolve(user.attrs['jid'])?.device
    if (device === undefined) return element('user', { jid: user.attrs['jid'] }, [notFound()])
    const parts = [element('identity', {}, device.keys.identity), element('type', {}, KEY_TYPE)]
    return element('user', { jid: user.attrs['jid'] }, parts)
  })

const notFound = (): BinaryNode => element('error', { code: '404', text: 'item-not-found' })

const preKeyElement = (key: PublicPreKey): BinaryNode =>
  element('key', {}, [element('id', {}, bigEndian(key.id, 3)), element('value', {}, key.public)])

const signedPreKeyElement = (key: PublicSignedPreKey): BinaryNode =>
  element('skey', {}, [
    element('id', {}, bigEndian(key.id, 3)),
    element('value', {}, key.public),
    element('signature', {}, key.signature),
  ])

const readPreKey = (node: BinaryNode): PublicPreKey | undefined => {
  const id = integerOf(getBinaryNodeChild(node, 'id'))
  const value = bytesOf(getBinaryNodeChild(node, 'value'))
  // Copied: the node shares memory with the frame, which would stay alive as long as one key of it.
  return id === undefined || value?.length !== 32 ? undefined : { id, public: Buffer.from(value) }
}

const readSignedPreKey = (node: BinaryNode | undefined): PublicSignedPreKey | undefined => {
  const key = node === undefined ? undefined : readPreKey(node)
  const signature = node === undefined ? undefined : bytesOf(getBinaryNodeChild(node, 'signature'))
  return key === undefined || signature?.length !== 64 ? undefined : { ...key, signature: Buffer.from(signature) }
}

/** The prekey signature covers the key with its type byte (docs/protocol/02 §1.4). */
const isSignedBy = (identity: Uint8Array, key: PublicSignedPreKey): boolean =>
  xeddsaVerify(identity, typedPublicKey(key.public), key.signature)
