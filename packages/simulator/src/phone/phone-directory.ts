import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { E2ESession } from 'kurir/signal'
import { type Addressing, formatAddress, parseAddress } from '../accounts/address.js'
import { bytesOf, element, integerOf } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'

/** A device to which a copy goes: the JID on the wire, and the LID under which its session is filed. */
export interface Target {
  readonly jid: string
  /** LID device JID. */
  readonly session: string
  /** LID user, to tell own devices from others. */
  readonly lidUser: string
}

interface KnownUser {
  readonly pnUser: string | undefined
  readonly lidUser: string
  readonly deviceIds: readonly number[]
}

/** What a phone knows of other devices: lists until the service announces a change, bundles when a session is needed. */
export class PhoneDirectory {
  readonly #context: () => PhoneContext
  readonly #users = new Map<string, KnownUser>()

  constructor(context: () => PhoneContext) {
    this.#context = context
  }

  /** Forgets the device list of a user, named in either form; all lists when no user is given. */
  forget(jid?: string): void {
    if (jid === undefined) {
      this.#users.clear()
      return
    }
    const address = parseAddress(jid)
    if (address === undefined) return
    const known = this.#users.get(address.user)
    if (known === undefined) return
    this.#users.delete(known.lidUser)
    if (known.pnUser !== undefined) this.#users.delete(known.pnUser)
  }

  /** The LID user of a phone number, when this phone has looked it up. */
  lidOf(pnUser: string): string | undefined {
    return this.#users.get(pnUser)?.lidUser
  }

  /** All devices of the users, in one addressing, without this phone itself. */
  async devicesOf(userJids: readonly string[], addressing: Addressing): Promise<Target[]> {
    const missing = userJids.filter(jid => !this.#users.has(parseAddress(jid)?.user ?? ''))
    if (missing.length > 0) await this.#query(missing)
    const own = this.#context().account.lidUser
    return userJids.flatMap(jid => {
      const known = this.#users.get(parseAddress(jid)?.user ?? '')
      if (known === undefined) return []
      return known.deviceIds.flatMap(id => {
        if (id === 0 && known.lidUser === own) return []
        const user = addressing === 'lid' ? known.lidUser : (known.pnUser ?? '')
        const session = formatAddress('lid', known.lidUser, id)
        return [{ jid: formatAddress(addressing, user, id), session, lidUser: known.lidUser }]
      })
    })
  }

  /** Fetches bundles for devices without a session and builds sessions; devices without keys are left out. */
  async ensureSessions(targets: readonly Target[], always = false): Promise<void> {
    const { signal } = this.#context()
    const sessions = targets.map(target => target.session)
    const open = always ? new Set<string>() : await signal.devicesWithSession(sessions)
    const missing = sessions.filter(jid => !open.has(jid))
    if (missing.length === 0) return
    const users = missing.map(jid => element('user', { jid }))
    const answer = await this.#context().wire.query({ xmlns: 'encrypt', type: 'get' }, [element('key', {}, users)])
    const list = getBinaryNodeChild(answer, 'list')
    const bundles = (list === undefined ? [] : getBinaryNodeChildren(list, 'user')).flatMap(user => {
      const session = readBundle(user)
      return session === undefined ? [] : [{ jid: user.attrs['jid'] ?? '', session }]
    })
    await signal.injectE2ESessions(bundles)
  }

  /** One `<to>` with its ciphertext per device; devices that cannot be encrypted for are left out. */
  async encryptCopies(
    targets: readonly Target[],
    plaintextFor: (target: Target) => Uint8Array,
    attributes: Readonly<Record<string, string | undefined>> = {},
  ): Promise<BinaryNode[]> {
    await this.ensureSessions(targets)
    const results = await this.#context().signal.encryptForDevices(
      targets.map(target => target.session),
      (_, index) => plaintextFor(targets[index] as Target),
    )
    return results.flatMap((result, index) => {
      const jid = targets[index]?.jid
      if (jid === undefined || result.type === 'failed') return []
      return [element('to', { jid }, [element('enc', { v: '2', type: result.type, ...attributes }, result.ciphertext)])]
    })
  }

  async #query(userJids: readonly string[]): Promise<void> {
    const users = userJids.map(jid => element('user', { jid }))
    const query = element('query', {}, [element('devices', { version: '2' }), element('lid')])
    const sid = this.#context().random.digits(8)
    const attrs = { sid, mode: 'query', context: 'message', last: 'true', index: '0' }
    const usync = element('usync', attrs, [query, element('list', {}, users)])
    const answer = await this.#context().wire.query({ xmlns: 'usync', type: 'get' }, [usync])
    const result = getBinaryNodeChild(answer, 'usync')
    const list = result === undefined ? undefined : getBinaryNodeChild(result, 'list')
    for (const user of list === undefined ? [] : getBinaryNodeChildren(list, 'user')) this.#learn(user)
  }

  #learn(user: BinaryNode): void {
    const address = parseAddress(user.attrs['jid'])
    const lid = parseAddress(getBinaryNodeChild(user, 'lid')?.attrs['val'])
    const lidUser = lid?.user ?? (address?.addressing === 'lid' ? address.user : undefined)
    if (address === undefined || lidUser === undefined) return
    const devices = getBinaryNodeChild(user, 'devices')
    const list = devices === undefined ? undefined : getBinaryNodeChild(devices, 'device-list')
    const deviceIds = (list === undefined ? [] : getBinaryNodeChildren(list, 'device')).map(({ attrs }) =>
      Number(attrs['id']),
    )
    const former = this.#users.get(lidUser)
    const pnUser = address.addressing === 'pn' ? address.user : former?.pnUser
    const known: KnownUser = { pnUser, lidUser, deviceIds }
    this.#users.set(lidUser, known)
    if (pnUser !== undefined) this.#users.set(pnUser, known)
  }
}

/** The bundle in a `<user>` of a key answer, or in the `<keys>` of a retry receipt beside its registration. */
export const readBundle = (
  node: BinaryNode,
  registration = getBinaryNodeChild(node, 'registration'),
): E2ESession | undefined => {
  const registrationId = integerOf(registration)
  const identityKey = bytesOf(getBinaryNodeChild(node, 'identity'))
  const skey = getBinaryNodeChild(node, 'skey')
  const signed = readKey(skey)
  const signature = skey === undefined ? undefined : bytesOf(getBinaryNodeChild(skey, 'signature'))
  if (registrationId === undefined || identityKey === undefined || signed === undefined || signature === undefined) {
    return undefined
  }
  const preKey = readKey(getBinaryNodeChild(node, 'key'))
  const signedPreKey = { ...signed, signature }
  return { registrationId, identityKey, signedPreKey, ...(preKey === undefined ? {} : { preKey }) }
}

const readKey = (node: BinaryNode | undefined): { keyId: number; publicKey: Uint8Array } | undefined => {
  const keyId = node === undefined ? undefined : integerOf(getBinaryNodeChild(node, 'id'))
  const publicKey = node === undefined ? undefined : bytesOf(getBinaryNodeChild(node, 'value'))
  return keyId === undefined || publicKey === undefined ? undefined : { keyId, publicKey }
}
