import type { proto } from '../../proto/index.js'
import { checkObject, checkOptionalText, checkText } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers } from './content-types.js'

/** One or more contacts as vCard 3.0 texts. */
export interface ContactsContent extends ContentModifiers {
  contacts: {
    /** Title of several contacts; one contact has its own. */
    displayName?: string | undefined
    contacts: proto.Message.IContactMessage[]
  }
}

/** Most contacts in one message. */
const maxContacts = 257

/** One contact is a message of its own; more are a list (docs/protocol/03, 2.4). @throws KurirError `invalid-content` */
export function buildContacts({ contacts: content }: ContactsContent): proto.IMessage {
  const { displayName, contacts } = checkObject('contacts', content)
  if (!Array.isArray(contacts) || contacts.length === 0 || contacts.length > maxContacts) {
    throw invalidContent('contacts.contacts', 'At least one contact is needed', { limit: maxContacts })
  }
  for (const [index, contact] of contacts.entries()) {
    const field = `contacts.contacts.${index}`
    checkText(`${field}.vcard`, checkObject(field, contact).vcard)
    checkOptionalText(`${field}.displayName`, contact.displayName)
  }
  const [first, ...more] = contacts
  if (first !== undefined && more.length === 0) return { contactMessage: { ...first } }
  const title = checkOptionalText('contacts.displayName', displayName)
  return { contactsArrayMessage: { contacts, ...(title === undefined ? {} : { displayName: title }) } }
}
