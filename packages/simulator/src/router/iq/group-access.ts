import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../../accounts/device.js'
import type { CommunityService } from '../../groups/community-service.js'
import type { Group } from '../../groups/group.js'
import type { GroupService } from '../../groups/group-service.js'
import { type IqAnswer, IqFailure, type IqRequest } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { textOf } from '../stanzas.js'

/** What the handlers of group requests share. */
export interface GroupDesk {
  readonly core: ServiceCore
  readonly groups: GroupService
  readonly communities: CommunityService
}

/** A request about one group, by somebody who may make it. */
export interface GroupRequest extends IqRequest {
  readonly group: Group
}

/** Who may: any member; who may edit, which is admins when the group is locked; admins. */
export type GroupRight = 'member' | 'editor' | 'admin'

/** A handler for members with a right; all others are refused (docs/protocol/05 §6.3). */
export const forGroup =
  ({ core }: GroupDesk, right: GroupRight, handle: (request: GroupRequest) => IqAnswer) =>
  (request: IqRequest): IqAnswer => {
    const group = groupOf(core, request.node)
    if (group instanceof IqFailure) return group
    return refusalOf(group, request.device, right) ?? handle({ ...request, group })
  }

export const groupOf = (core: ServiceCore, node: BinaryNode): Group | IqFailure => {
  const group = core.groups.get(node.attrs['to'])
  if (group === undefined) return new IqFailure(404, 'item-not-found')
  return group.isDeleted ? new IqFailure(410, 'gone') : group
}

/** Why a device may not; undefined when it may. */
export const refusalOf = (group: Group, { account }: Device, right: GroupRight): IqFailure | undefined => {
  const needsAdmin = right === 'admin' || (right === 'editor' && group.switches.has('locked'))
  if (group.has(account) && (!needsAdmin || group.isAdmin(account))) return undefined
  return new IqFailure(403, 'forbidden')
}

const MAX_SUBJECT = 100
const MAX_DESCRIPTION = 2048

/** Why a name is not taken; undefined when it is. */
export const subjectRefusal = (subject: string): IqFailure | undefined =>
  subject.length > MAX_SUBJECT ? notAcceptable('subject') : undefined

/** The text of a `<description>`, or why it is not taken. */
export const descriptionText = (body: BinaryNode | undefined): string | IqFailure => {
  const text = textOf(body) ?? ''
  return text.length > MAX_DESCRIPTION ? notAcceptable('description') : text
}

const notAcceptable = (field: string): IqFailure =>
  new IqFailure(406, 'not-acceptable', [{ tag: 'field', attrs: { name: field } }])
