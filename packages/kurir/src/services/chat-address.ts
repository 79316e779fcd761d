import { jidDecode, S_WHATSAPP_NET } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'

/** Digits of a phone number with country code, as the service takes them (E.164). */
const shortestNumber = 7
const longestNumber = 15

/**
 * The JID of a chat as programs name it: a JID stays what it is, and a phone number with country code may be written as
 * people write it (`+62 811-1000-1`, `6281110001`).
 *
 * @throws KurirError `invalid-jid` (400) for anything else
 */
export function chatJidOf(chat: string): string {
  if (typeof chat === 'string' && chat.includes('@')) {
    if (jidDecode(chat)?.user) return chat
  } else if (typeof chat === 'string' && /^\+?[\d\s().-]+$/.test(chat)) {
    const digits = chat.replace(/\D/g, '')
    if (digits.length >= shortestNumber && digits.length <= longestNumber) return `${digits}${S_WHATSAPP_NET}`
  }
  throw new KurirError('invalid-jid', 'A chat is a JID or a phone number with country code', {
    statusCode: 400,
    data: { jid: chat },
  })
}
