import { isPnUser, jidNormalizedUser } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatJidOf } from './chat-address.js'
import { type MediaFile, mediaOf } from './message-sending.js'
import { type SocketSource, socketOf } from './socket-source.js'

export type UserServiceSocket = Pick<
  WASocket,
  | 'user'
  | 'onWhatsApp'
  | 'fetchStatus'
  | 'profilePictureUrl'
  | 'updateProfilePicture'
  | 'removeProfilePicture'
  | 'updateProfileName'
  | 'updateProfileStatus'
  | 'updateBlockStatus'
  | 'fetchBlocklist'
  | 'presenceSubscribe'
  | 'sendPresenceUpdate'
  | 'addOrEditContact'
  | 'removeContact'
>

/** Whether a number has an account. */
export interface NumberLookup {
  /** As it was asked for. */
  readonly asked: string
  readonly exists: boolean
  /** Where to write to; undefined when there is no account. */
  readonly jid: string | undefined
  readonly lid: string | undefined
}

export interface About {
  readonly text: string
  /** Undefined when it is not told. */
  readonly setAt: Date | undefined
}

/** How a contact stands in the address book of the account. */
export interface ContactEntry {
  readonly fullName: string
  readonly firstName?: string | undefined
  /** Also into the address book of the phone. Default true. */
  readonly saveOnPhone?: boolean | undefined
}

/** People: who they are, what they show, whether they may write; and the own profile. */
export class UserService {
  readonly #source: SocketSource<UserServiceSocket>

  /** @param socket a direct or remote socket, or a function that answers the present one */
  constructor(socket: SocketSource<UserServiceSocket>) {
    this.#source = socket
  }

  get #socket(): UserServiceSocket {
    return socketOf(this.#source)
  }

  /** The own account. @throws KurirError `not-authenticated` (401) before the device is linked */
  get me(): { readonly jid: string; readonly lid: string | undefined; readonly name: string | undefined } {
    const { user } = this.#socket
    if (!user) throw new KurirError('not-authenticated', 'The device is not linked yet', { statusCode: 401 })
    return { jid: jidNormalizedUser(user.id), lid: user.lid && jidNormalizedUser(user.lid), name: user.name }
  }

  /** Which of these numbers have an account, in the order asked. @throws KurirError `invalid-jid` */
  async lookUp(numbers: readonly string[]): Promise<readonly NumberLookup[]> {
    const jids = numbers.map(chatJidOf)
    const strange = jids.find(jid => !isPnUser(jid))
    if (strange !== undefined) {
      throw new KurirError('invalid-jid', 'Only phone numbers can be looked up', {
        statusCode: 400,
        data: { jid: strange },
      })
    }
    const found = new Map(((await this.#socket.onWhatsApp(...jids)) ?? []).map(entry => [entry.jid, entry]))
    return jids.map((jid, index) => {
      const entry = found.get(jid)
      const exists = entry?.exists === true
      const lid = exists && typeof entry.lid === 'string' ? entry.lid : undefined
      return { asked: numbers[index] ?? jid, exists, jid: exists ? jid : undefined, lid }
    })
  }

  async exists(number: string): Promise<boolean> {
    const [found] = await this.lookUp([number])
    return found?.exists === true
  }

  /** What somebody says of themselves; undefined when it is hidden or empty. */
  async about(user: string): Promise<About | undefined> {
    const [entry] = (await this.#socket.fetchStatus(chatJidOf(user))) ?? []
    const about: unknown = entry?.['status']
    if (typeof about !== 'object' || about === null) return undefined
    const { status, setAt } = about as { readonly status?: unknown; readonly setAt?: unknown }
    if (typeof status !== 'string' || status === '') return undefined
    return { text: status, setAt: setAt instanceof Date && setAt.getTime() > 0 ? setAt : undefined }
  }

  /** Where the picture of a person, group or channel lies; undefined when there is none or it is hidden. */
  async pictureUrl(jid: string, size: 'preview' | 'full' = 'full'): Promise<string | undefined> {
    try {
      return await this.#socket.profilePictureUrl(chatJidOf(jid), size === 'full' ? 'image' : 'preview')
    } catch (error) {
      if (KurirError.is(error) && [401, 404].includes(Number(error.data))) return undefined
      throw error
    }
  }

  setName(name: string): Promise<void> {
    return this.#socket.updateProfileName(name)
  }

  setAbout(text: string): Promise<void> {
    return this.#socket.updateProfileStatus(text)
  }

  /** The own picture: cut to a square, JPEG. Needs `sharp` or `jimp`. */
  setPicture(picture: MediaFile): Promise<void> {
    return this.#socket.updateProfilePicture(this.me.jid, mediaOf(picture))
  }

  removePicture(): Promise<void> {
    return this.#socket.removeProfilePicture(this.me.jid)
  }

  block(user: string): Promise<void> {
    return this.#socket.updateBlockStatus(chatJidOf(user), 'block')
  }

  unblock(user: string): Promise<void> {
    return this.#socket.updateBlockStatus(chatJidOf(user), 'unblock')
  }

  async blocked(): Promise<readonly string[]> {
    return (await this.#socket.fetchBlocklist()).flatMap(jid => jid ?? [])
  }

  /** From now until the connection ends, the presence of this person comes as `presence.update`. */
  watchPresence(user: string): Promise<void> {
    return this.#socket.presenceSubscribe(chatJidOf(user))
  }

  /** Shows the account as online, or as not. */
  setAvailable(isAvailable: boolean): Promise<void> {
    return this.#socket.sendPresenceUpdate(isAvailable ? 'available' : 'unavailable')
  }

  /** Saves somebody in the address book of the account. */
  saveContact(user: string, { fullName, firstName, saveOnPhone = true }: ContactEntry): Promise<void> {
    const jid = chatJidOf(user)
    const contact = { fullName, firstName: firstName ?? fullName.split(' ')[0], saveOnPrimaryAddressbook: saveOnPhone }
    return this.#socket.addOrEditContact(jid, contact)
  }

  removeContact(user: string): Promise<void> {
    return this.#socket.removeContact(chatJidOf(user))
  }
}
