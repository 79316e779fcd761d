import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { Group } from '../groups/group.js'
import type { MediaHost } from '../media/media-host.js'
import { type IqAnswer, IqFailure, type IqRequest, NO_CHILDREN } from '../router/iq-answer.js'
import type { ServiceCore } from '../router/service-core.js'
import { bytesOf, element } from '../router/stanzas.js'
import type { ProfileNotices } from './profile-notices.js'
import { lets } from './visibility.js'

/** A picture as the service keeps it: as it came, without smaller versions. */
export interface Picture {
  readonly id: string
  readonly bytes: Uint8Array
  /** Where the media host shows it. */
  readonly directPath: string
}

/** Largest picture that is taken. */
const LARGEST = 2 * 1_024 * 1_024

/** Pictures of accounts and groups (docs/protocol/04 §4.1). */
export class Pictures {
  readonly #core: ServiceCore
  readonly #media: MediaHost
  readonly #notices: ProfileNotices

  constructor(core: ServiceCore, media: MediaHost, notices: ProfileNotices) {
    this.#core = core
    this.#media = media
    this.#notices = notices
  }

  get({ device, node, child }: IqRequest): IqAnswer {
    const { target } = node.attrs
    const picture = this.#visibleTo(device.account, target)
    if (picture instanceof IqFailure) return picture
    const { type = 'image', query, id } = child?.attrs ?? {}
    // The asker has it already.
    if (id === picture.id) return NO_CHILDREN
    const attrs = { id: picture.id, type, direct_path: picture.directPath }
    if (query !== 'url') return [element('picture', attrs, picture.bytes)]
    return [element('picture', { ...attrs, url: `${this.#media.plainOrigin}${picture.directPath}` })]
  }

  /** Sets a picture; without one it is taken away. */
  change({ device, node, child }: IqRequest): IqAnswer {
    const bytes = bytesOf(child)
    if (child !== undefined && (bytes === undefined || !isJpeg(bytes))) return new IqFailure(406, 'not-acceptable')
    if (bytes !== undefined && bytes.length > LARGEST) return new IqFailure(413, 'too-large')
    const { target } = node.attrs
    const group = this.#core.groups.get(target)
    if (target !== undefined && group === undefined) return new IqFailure(404, 'item-not-found')
    if (group !== undefined && !mayChange(group, device.account)) return new IqFailure(403, 'forbidden')
    const owner = group ?? device.account
    const former = owner.picture
    if (former !== undefined) this.#media.hide(former.directPath)
    owner.picture = bytes && this.#keep(bytes)
    if (group === undefined) this.#tellOfAccount(device)
    else this.#tellOfGroup(group, device)
    return owner.picture === undefined ? NO_CHILDREN : [element('picture', { id: owner.picture.id })]
  }

  #keep(bytes: Uint8Array): Picture {
    const id = String(this.#core.clock.now())
    return { id, bytes, directPath: this.#media.show(bytes) }
  }

  #visibleTo(viewer: Account, target: string | undefined): Picture | IqFailure {
    const group = this.#core.groups.get(target)
    if (group !== undefined) {
      if (!group.has(viewer)) return new IqFailure(401, 'not-authorized')
      return group.picture ?? new IqFailure(404, 'item-not-found')
    }
    const owner = this.#core.accounts.resolve(target)?.account
    if (owner === undefined) return new IqFailure(404, 'item-not-found')
    if (!lets(owner, viewer, 'profile')) return new IqFailure(401, 'not-authorized')
    return owner.picture ?? new IqFailure(404, 'item-not-found')
  }

  #tellOfAccount(device: Device): void {
    const { account } = device
    this.#notices.toOwnDevices(account, element('picture', { action: 'modify' }), device)
    this.#notices.toContacts(account, 'profile', 'picture', changeOf(account.picture, account.pn, account.pn))
  }

  #tellOfGroup(group: Group, device: Device): void {
    const author = device.account.jid(group.addressing)
    for (const member of group.members.keys()) {
      const attrs = { type: 'picture', from: group.jid, participant: author, t: this.#core.time() }
      const change = changeOf(group.picture, group.jid, author)
      const notification = () => element('notification', { ...attrs, id: this.#core.stanzaId() }, [change])
      this.#core.delivery.notifyAccount(member, notification, device)
    }
  }
}

const changeOf = (picture: Picture | undefined, jid: string, author: string): BinaryNode =>
  picture === undefined ? element('delete', { jid, author }) : element('set', { jid, id: picture.id, author })

const isJpeg = (bytes: Uint8Array): boolean => bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8

const mayChange = (group: Group, account: Account): boolean => {
  const member = group.members.get(account)
  return member !== undefined && (!group.switches.has('locked') || member.role !== 'member')
}
