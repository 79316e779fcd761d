import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { childrenOf, element } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'
import { PhoneLog, type Predicate } from './phone-messages.js'

export type GroupMemberChange = 'add' | 'remove' | 'promote' | 'demote'

export interface PhoneGroupOptions {
  /** How members are named; `lid` when absent. */
  readonly addressing?: 'lid' | 'pn'
  /** The community that the group belongs to. */
  readonly linkedParent?: string
}

/** What became of one person. */
export interface GroupOutcome {
  readonly jid: string
  /** Number of the service; undefined for success. */
  readonly error: string | undefined
  /** An invitation to send to who cannot be added. */
  readonly invitation: { readonly code: string; readonly expiration: number } | undefined
}

/** What a phone was told about a group. */
export interface GroupNotice {
  readonly group: string
  /** By which name the group knows who did it; undefined for the service. */
  readonly actor: string | undefined
  /** The element that says what has changed, such as `subject` or `add`. */
  readonly change: BinaryNode
}

const SERVICE_OF_GROUPS = '@g.us'
const DEFAULT_TIMEOUT_MS = 10_000

/**
 * Groups as a phone uses them. What the service refuses throws KurirError `request-refused`, whose `data.code` is its
 * number.
 */
export class PhoneGroups {
  readonly #context: () => PhoneContext
  readonly #newId: () => string
  readonly #log: PhoneLog<GroupNotice>
  /** What was told, oldest first. */
  readonly notices: readonly GroupNotice[]

  constructor(context: () => PhoneContext, newId: () => string) {
    this.#context = context
    this.#newId = newId
    this.#log = new PhoneLog(context().service.core.clock, 'notice of a group')
    this.notices = this.#log.entries
  }

  /** The first notice that fits, of those that came and those to come. @throws KurirError `timed-out` */
  waitForNotice(predicate: Predicate<GroupNotice>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<GroupNotice> {
    return this.#log.wait(predicate, timeoutMs)
  }

  /** Creates a group with this phone as superadmin; returns its JID. */
  async create(
    subject: string,
    members: readonly string[],
    { addressing, linkedParent }: PhoneGroupOptions = {},
  ): Promise<string> {
    const parts = members.map(jid => element('participant', { jid }))
    if (addressing !== undefined) parts.push(element('addressing_mode_override', { mode: addressing }))
    if (linkedParent !== undefined) parts.push(element('linked_parent', { jid: linkedParent }))
    const answer = await this.#set(SERVICE_OF_GROUPS, element('create', { subject, key: this.#newId() }, parts))
    return `${getBinaryNodeChild(answer, 'group')?.attrs['id'] ?? ''}@g.us`
  }

  /** The `group` element, as the service shows it to this phone. */
  async look(group: string): Promise<BinaryNode> {
    const answer = await this.#get(group, element('query', { request: 'interactive' }))
    return getBinaryNodeChild(answer, 'group') ?? element('group')
  }

  /** Changes members; tells what became of each. */
  async change(group: string, action: GroupMemberChange, members: readonly string[]): Promise<GroupOutcome[]> {
    const answer = await this.#set(group, element(action, {}, participants(members)))
    return outcomesOf(getBinaryNodeChild(answer, action))
  }

  async setSubject(group: string, subject: string): Promise<void> {
    await this.#set(group, element('subject', {}, Buffer.from(subject)))
  }

  /** Empty removes it. */
  async setDescription(group: string, text: string): Promise<void> {
    const prev = getBinaryNodeChild(await this.look(group), 'description')?.attrs['id']
    const attrs = { id: this.#newId(), prev }
    const body = element('body', {}, Buffer.from(text))
    const change =
      text === '' ? element('description', { ...attrs, delete: 'true' }) : element('description', attrs, [body])
    await this.#set(group, change)
  }

  /** One of the settings that are on or off, by the name of what it shall be: `announcement`, `unlocked` … */
  async set(group: string, setting: string): Promise<void> {
    await this.#set(group, element(setting))
  }

  /** Lets messages vanish after so many seconds; 0 ends that. */
  async setTimer(group: string, seconds: number): Promise<void> {
    const change = seconds === 0 ? element('not_ephemeral') : element('ephemeral', { expiration: String(seconds) })
    await this.#set(group, change)
  }

  async setMemberAddMode(group: string, mode: 'admin_add' | 'all_member_add'): Promise<void> {
    await this.#set(group, element('member_add_mode', {}, Buffer.from(mode)))
  }

  async setApproval(group: string, state: 'on' | 'off'): Promise<void> {
    await this.#set(group, element('membership_approval_mode', {}, [element('group_join', { state })]))
  }

  async inviteCode(group: string): Promise<string> {
    return getBinaryNodeChild(await this.#get(group, element('invite')), 'invite')?.attrs['code'] ?? ''
  }

  async resetInvite(group: string): Promise<string> {
    return getBinaryNodeChild(await this.#set(group, element('invite')), 'invite')?.attrs['code'] ?? ''
  }

  /** False when an admin has to approve it. */
  async join(code: string): Promise<boolean> {
    const answer = await this.#set(SERVICE_OF_GROUPS, element('invite', { code }))
    return getBinaryNodeChild(answer, 'group') !== undefined
  }

  /** Accepts an invitation that came in a message of an admin. */
  async accept(group: string, invitation: { code: string; expiration: number }, admin: string): Promise<void> {
    const expiration = String(invitation.expiration)
    await this.#set(group, element('accept', { code: invitation.code, expiration, admin }))
  }

  /** JIDs of who wants to join. */
  async joinRequests(group: string): Promise<string[]> {
    const answer = await this.#get(group, element('membership_approval_requests'))
    const list = getBinaryNodeChild(answer, 'membership_approval_requests')
    return getBinaryNodeChildren(list, 'membership_approval_request').map(({ attrs }) => attrs['jid'] ?? '')
  }

  async decide(group: string, action: 'approve' | 'reject', members: readonly string[]): Promise<GroupOutcome[]> {
    const decision = element('membership_requests_action', {}, [element(action, {}, participants(members))])
    const answer = await this.#set(group, decision)
    return outcomesOf(getBinaryNodeChild(getBinaryNodeChild(answer, 'membership_requests_action'), action))
  }

  async cancelRequest(group: string): Promise<void> {
    await this.#set(group, element('cancel_membership_requests', {}, participants([this.#context().account.lid])))
  }

  /** Creates a community; returns its JID. */
  async createCommunity(subject: string): Promise<string> {
    const parts = [element('parent', { default_membership_approval_mode: 'request_required' })]
    const answer = await this.#set(SERVICE_OF_GROUPS, element('create', { subject, key: this.#newId() }, parts))
    return `${getBinaryNodeChild(answer, 'group')?.attrs['id'] ?? ''}@g.us`
  }

  /** Takes groups into a community; tells what became of each. */
  async link(community: string, groups: readonly string[]): Promise<GroupOutcome[]> {
    const entries = groups.map(jid => element('group', { jid }))
    const links = element('links', {}, [element('link', { link_type: 'sub_group' }, entries)])
    const answer = getBinaryNodeChild(await this.#set(community, links), 'links')
    return outcomesOf(getBinaryNodeChild(answer, 'link'), 'group')
  }

  async unlink(community: string, groups: readonly string[]): Promise<GroupOutcome[]> {
    const entries = groups.map(jid => element('group', { jid }))
    const answer = await this.#set(community, element('unlink', { unlink_type: 'sub_group' }, entries))
    return outcomesOf(getBinaryNodeChild(answer, 'unlink'), 'group')
  }

  async leave(group: string): Promise<void> {
    await this.#set(SERVICE_OF_GROUPS, element('leave', {}, [element('group', { id: group })]))
  }

  /** Reports a message to the admins. */
  async report(group: string, messageId: string): Promise<void> {
    await this.#set(group, element('reports', {}, [element('report', { message_id: messageId })]))
  }

  /** From the service. */
  take(notification: BinaryNode): void {
    const { from = '', participant } = notification.attrs
    for (const change of childrenOf(notification)) this.#log.add({ group: from, actor: participant, change })
  }

  async #get(to: string, content: BinaryNode): Promise<BinaryNode> {
    return await this.#context().wire.query({ xmlns: 'w:g2', type: 'get', to }, [content])
  }

  async #set(to: string, content: BinaryNode): Promise<BinaryNode> {
    return await this.#context().wire.query({ xmlns: 'w:g2', type: 'set', to }, [content])
  }
}

const participants = (jids: readonly string[]): BinaryNode[] => jids.map(jid => element('participant', { jid }))

const outcomesOf = (list: BinaryNode | undefined, tag = 'participant'): GroupOutcome[] =>
  getBinaryNodeChildren(list, tag).map(node => {
    const { code, expiration } = getBinaryNodeChild(node, 'add_request')?.attrs ?? {}
    return {
      jid: node.attrs['jid'] ?? '',
      error: node.attrs['error'],
      invitation: code === undefined ? undefined : { code, expiration: Number(expiration) },
    }
  })
