import type { BinaryNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import type { Device, DeviceLink } from '../accounts/device.js'
import { DeviceDirectory } from '../accounts/device-directory.js'
import { AppStateService } from '../app-state/app-state-service.js'
import { BusinessService } from '../business/business-service.js'
import type { FaultInjector } from '../faults/fault-injector.js'
import { CommunityService } from '../groups/community-service.js'
import { GroupService } from '../groups/group-service.js'
import type { MediaHost } from '../media/media-host.js'
import { MexService } from '../mex/mex-service.js'
import { NewsletterService } from '../newsletters/newsletter-service.js'
import { PairingDesk } from '../pairing/pairing-desk.js'
import { Pictures } from '../profiles/pictures.js'
import { PrivacyDesk } from '../profiles/privacy-desk.js'
import { ProfileNotices } from '../profiles/profile-notices.js'
import { TextStatuses } from '../profiles/text-statuses.js'
import { Usernames } from '../profiles/usernames.js'
import { StanzaValidator } from '../strict/stanza-validator.js'
import { takeAck } from './ack-router.js'
import { CallRouter } from './call-router.js'
import { DirtyBits } from './dirty-bits.js'
import { businessHandlers } from './iq/business.js'
import { communityHandlers } from './iq/communities.js'
import { encryptHandlers } from './iq/encrypt.js'
import { groupJoiningHandlers } from './iq/group-joining.js'
import { groupSettingHandlers } from './iq/group-settings.js'
import { groupHandlers } from './iq/groups.js'
import { linkedDeviceHandlers } from './iq/linked-devices.js'
import { newsletterHandlers } from './iq/newsletters.js'
import { type ProfileParts, profileHandlers } from './iq/profile.js'
import { sessionHandlers } from './iq/session.js'
import { usyncHandlers } from './iq/usync.js'
import { type IqAnswer, IqFailure, type IqHandler, iqReply, NO_CHILDREN, UNANSWERED } from './iq-answer.js'
import { MessageRouter } from './message-router.js'
import { PresenceRouter } from './presence-router.js'
import { ReceiptRouter } from './receipt-router.js'
import type { ServiceCore } from './service-core.js'
import { conflict, element, SERVICE, streamError } from './stanzas.js'

export interface ServiceSettings {
  /** How long refs of one connection are good. */
  readonly refLifetimeMs: number
  /** Sent to clients after login, to be shown at their next connection. */
  readonly routingInfo: Uint8Array | undefined
}

/** The service behind all connections: takes stanzas of logged-in devices, phones included, and answers them. */
export class Service {
  readonly core: ServiceCore
  readonly media: MediaHost
  readonly directory: DeviceDirectory
  readonly pairing: PairingDesk
  readonly groups: GroupService
  readonly newsletters: NewsletterService
  readonly businesses: BusinessService
  readonly textStatuses: TextStatuses
  readonly usernames: Usernames
  readonly appState: AppStateService
  readonly dirtyBits: DirtyBits
  readonly #settings: ServiceSettings
  readonly #faults: FaultInjector
  readonly #validator = new StanzaValidator()
  readonly #messages: MessageRouter
  readonly #receipts: ReceiptRouter
  readonly #presence: PresenceRouter
  readonly #calls: CallRouter
  readonly #handlers: ReadonlyMap<string, IqHandler>
  /** Pings that wait for their answer, by id. */
  readonly #pings = new Map<string, () => void>()
  readonly #activeListeners = new Set<(device: Device) => void>()

  constructor(core: ServiceCore, faults: FaultInjector, media: MediaHost, settings: ServiceSettings) {
    this.core = core
    this.media = media
    this.#faults = faults
    this.#settings = settings
    this.directory = new DeviceDirectory(core)
    this.pairing = new PairingDesk(core, this.directory, settings.refLifetimeMs)
    this.groups = new GroupService(core)
    this.appState = new AppStateService(core, media)
    this.dirtyBits = new DirtyBits(core)
    this.businesses = new BusinessService(core)
    const mex = new MexService(core)
    this.newsletters = new NewsletterService(core, media, mex)
    const notices = new ProfileNotices(core)
    this.textStatuses = new TextStatuses(core, mex, notices)
    this.usernames = new Usernames(core, mex, notices)
    this.#messages = new MessageRouter(core, this.newsletters)
    this.#receipts = new ReceiptRouter(core, this.newsletters)
    this.#presence = new PresenceRouter(core)
    this.#calls = new CallRouter(core)
    const desk = { core, groups: this.groups, communities: new CommunityService(this.groups) }
    this.#handlers = new Map(
      Object.entries({
        ...sessionHandlers(media),
        ...encryptHandlers(core),
        ...usyncHandlers(this),
        ...profileHandlers(core, profileParts(core, media, notices)),
        ...groupHandlers(desk),
        ...groupSettingHandlers(desk),
        ...groupJoiningHandlers(desk),
        ...communityHandlers(desk),
        ...newsletterHandlers(core, this.newsletters),
        ...mex.iqHandlers,
        ...businessHandlers({ core, businesses: this.businesses, media }),
        ...linkedDeviceHandlers(this.directory),
        'w:sync:app:state set sync': request => this.appState.answer(request),
        'urn:xmpp:whatsapp:dirty set clean': request => this.dirtyBits.clean(request),
        'passive set active': () => NO_CHILDREN,
        'passive set passive': ({ device }) => {
          device.active = false
          return NO_CHILDREN
        },
      } satisfies Record<string, IqHandler>),
    )
    faults.connect({
      endWithStreamError: (device, code) => this.endLink(device, streamError(code)),
      disconnect: device => this.endLink(device),
      refuse: (device, node, code) => this.#refuse(device, node, code),
      redeliver: (device, node) => {
        if (device.active && device.queue.isPending(node)) core.delivery.write(device, node)
      },
    })
  }

  /** A device has logged in: an earlier link of it ends as replaced. Deliveries wait for `active` when passive. */
  connect(device: Device, link: DeviceLink, passive: boolean): void {
    const former = device.link
    device.link = link
    device.active = false
    former?.end(conflict('replaced'))
    if (!passive) this.#afterActive(device)
  }

  /** Calls `listener` whenever a device has become active: its queue is out. */
  onActive(listener: (device: Device) => void): void {
    this.#activeListeners.add(listener)
  }

  /** A link is gone; a newer one of the same device stays. */
  disconnect(device: Device, link: DeviceLink): void {
    if (device.link !== link) return
    device.link = undefined
    device.active = false
    this.#presence.setAvailable(device, false)
  }

  /** Ends the link of a device, with a last stanza when one is given. */
  endLink(device: Device, last?: BinaryNode): void {
    const { link } = device
    if (link === undefined) return
    this.disconnect(device, link)
    link.end(last)
  }

  /** Pings a device (docs/protocol/01 §5.4); false when it does not answer in time. */
  ping(device: Device, timeoutMs: number): Promise<boolean> {
    const id = this.core.stanzaId()
    return new Promise(resolve => {
      const settle = (answered: boolean) => {
        cancel()
        this.#pings.delete(id)
        resolve(answered)
      }
      const cancel = this.core.clock.schedule(timeoutMs, () => settle(false))
      this.#pings.set(id, () => settle(true))
      const attrs = { from: SERVICE, type: 'get', xmlns: 'urn:xmpp:ping', id, t: this.core.time() }
      this.core.delivery.write(device, element('iq', attrs))
    })
  }

  /** Takes one stanza of a logged-in device. */
  receive(device: Device, node: BinaryNode): void {
    if (this.core.trace.on) this.core.trace.note('from-client', device, node)
    if (this.#faults.idle) this.#dispatch(device, node)
    else this.#faults.incoming(device, node, altered => this.#dispatch(device, altered))
  }

  #dispatch(device: Device, node: BinaryNode): void {
    if (node.tag === 'iq') {
      const { type } = node.attrs
      if (type !== 'result' && type !== 'error') this.#answerRequest(device, node)
      else if (this.#check(device, node)) this.#pings.get(node.attrs['id'] ?? '')?.()
      return
    }
    const fits = this.#check(device, node)
    switch (node.tag) {
      case 'message':
        if (fits) this.#messages.route(device, node)
        else this.#messages.acknowledge(device, node, { error: '479' })
        break
      case 'receipt':
        if (fits) this.#receipts.route(device, node)
        break
      case 'ack':
        takeAck(this.core, device, node)
        break
      case 'call':
        if (fits) this.#calls.route(device, node)
        break
      case 'presence':
        this.#presence.presence(device, node)
        break
      case 'chatstate':
        this.#presence.chatstate(device, node)
        break
      default:
    }
  }

  #check(device: Device, node: BinaryNode): boolean {
    const misfit = this.#validator.check(node, this.core.modeOf(device), device.id === 0)
    if (misfit === undefined) return true
    this.core.violation(device, 'invalid-stanza', misfit, node)
    return false
  }

  #answerRequest(device: Device, node: BinaryNode): void {
    const misfit = this.#validator.checkRequest(node, this.core.modeOf(device))
    if (misfit !== undefined && misfit.code !== 501) {
      this.core.violation(device, 'invalid-stanza', misfit.message, node)
      const text = misfit.code === 479 ? 'smax-invalid' : 'bad-request'
      this.#reply(device, node, new IqFailure(misfit.code, text))
      return
    }
    const { xmlns = '', type = 'set' } = node.attrs
    const { handler, child } = this.#findHandler(`${xmlns} ${type}`, node)
    if (handler === undefined || misfit !== undefined) {
      if (misfit !== undefined) this.core.violation(device, 'unknown-stanza', misfit.message, node)
      this.#reply(device, node, new IqFailure(501, 'feature-not-implemented'))
      return
    }
    const answer = handler({ device, node, child })
    if (answer instanceof Promise) this.#replyLater(device, node, answer)
    else this.#reply(device, node, answer)
    if (xmlns === 'passive' && child?.tag === 'active') this.#afterActive(device)
  }

  /** The handler for one of the children, in whatever order they stand, and that child. */
  #findHandler(operation: string, node: BinaryNode): { handler?: IqHandler; child?: BinaryNode } {
    for (const child of Array.isArray(node.content) ? node.content : []) {
      const handler = this.#handlers.get(`${operation} ${child.tag}`)
      if (handler !== undefined) return { handler, child }
    }
    const handler = this.#handlers.get(`${operation} `)
    return handler === undefined ? {} : { handler }
  }

  #reply(device: Device, node: BinaryNode, answer: IqAnswer | typeof UNANSWERED): void {
    if (answer === UNANSWERED) return
    this.core.delivery.write(device, iqReply(node, answer, this.core.now()))
  }

  /** Nobody waits any more when the connection has been replaced meanwhile, or the service has stopped. */
  #replyLater(device: Device, node: BinaryNode, answer: Promise<IqAnswer | typeof UNANSWERED>): void {
    const { link } = device
    answer.then(
      ready => {
        if (device.link === link) this.#reply(device, node, ready)
      },
      (error: unknown) => {
        if (!KurirError.is(error)) throw error
        if (device.link === link) this.#reply(device, node, new IqFailure(503, 'service-unavailable'))
      },
    )
  }

  /** The answer to `active` is out: routing info, then the queue and its bulletins. */
  #afterActive(device: Device): void {
    const { routingInfo } = this.#settings
    if (routingInfo !== undefined) {
      const content = element('edge_routing', {}, [element('routing_info', {}, routingInfo)])
      this.core.delivery.write(device, element('ib', { from: SERVICE }, [content]))
    }
    if (this.appState.tellNews(device)) this.dirtyBits.mark(device, 'syncd_app_state')
    this.dirtyBits.announce(device)
    this.core.delivery.deliverOffline(device)
    device.active = true
    for (const listener of this.#activeListeners) listener(device)
  }

  /** A fault: the stanza is answered with an error and goes no further. */
  #refuse(device: Device, node: BinaryNode, code: number): void {
    if (node.tag === 'message') this.#messages.acknowledge(device, node, { error: String(code) })
    else if (node.tag === 'call') this.#calls.refuse(device, node, code)
    else if (node.tag === 'iq') this.#reply(device, node, new IqFailure(code, 'refused by a fault rule'))
  }
}

const profileParts = (core: ServiceCore, media: MediaHost, notices: ProfileNotices): ProfileParts => ({
  notices,
  pictures: new Pictures(core, media, notices),
  privacy: new PrivacyDesk(core, notices),
})
