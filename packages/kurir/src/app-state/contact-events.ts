import { isLidUser, isPnUser } from '../binary/jid.js'
import type { proto } from '../proto/index.js'
import type { ActionRule, AppStateEvent } from './action-rule.js'

/** Saved contacts and the two names of a person (docs/protocol/04, 2.6 rules 5, 15 and 21, and 2.7). */
export const contactEvents: ActionRule = ({ index, value, operation }) => {
  const [name, id] = index
  if (operation === 'remove') {
    const isContact = (name === 'contact' || name === 'lid_contact') && id !== undefined
    return isContact ? [{ event: 'contacts.update', data: [{ id, name: undefined }] }] : undefined
  }
  if (id === undefined) return undefined
  const { contactAction, lidContactAction, pnForLidChatAction } = value ?? {}
  if (contactAction) return savedContact(id, contactAction)
  if (lidContactAction) return [savedByLid(id, lidContactAction)]
  const pn = pnForLidChatAction?.pnJid
  return pn ? [{ event: 'lid-mapping.update', data: { lid: id, pn } }] : undefined
}

function savedContact(id: string, action: proto.SyncActionValue.IContactAction): readonly AppStateEvent[] {
  const isPn = isPnUser(id)
  const lid = action.lidJid || undefined
  const contact = {
    id,
    name: nameOf(action),
    username: action.username || undefined,
    lid,
    phoneNumber: isPn ? id : action.pnJid || undefined,
  }
  const upsert: AppStateEvent = { event: 'contacts.upsert', data: [contact] }
  return isPn && lid !== undefined && isLidUser(lid)
    ? [upsert, { event: 'lid-mapping.update', data: { lid, pn: id } }]
    : [upsert]
}

function savedByLid(id: string, action: proto.SyncActionValue.ILidContactAction): AppStateEvent {
  const contact = { id, name: nameOf(action), username: action.username || undefined, lid: id }
  return { event: 'contacts.upsert', data: [contact] }
}

type Names = Pick<proto.SyncActionValue.IContactAction, 'fullName' | 'firstName' | 'username'>

/** Empty texts are none. */
const nameOf = ({ fullName, firstName, username }: Names) => fullName || firstName || username || undefined
