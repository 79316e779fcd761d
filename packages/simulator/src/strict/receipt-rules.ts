import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'

const FORMS: Readonly<Record<string, string>> = {
  sender: 'sender',
  read: 'read',
  'read-self': 'read',
  played: 'read',
  'played-self': 'read',
  peer_msg: 'peer_msg',
  hist_sync: 'hist_sync',
  view: 'newsletterView',
  retry: 'retry',
  enc_rekey_retry: 'encRekeyRetry',
  'server-error': 'serverError',
}
const CALL_PARTS = ['offer', 'accept', 'reject', 'enc_rekey']

/** The form of the schema that a receipt means to have. */
export const receiptForm = (node: BinaryNode): string => {
  if (node.attrs['category'] === 'peer_appdata') return 'peerAppdata'
  const type = node.attrs['type']
  if (type !== undefined) return FORMS[type] ?? 'delivery'
  return CALL_PARTS.some(tag => getBinaryNodeChild(node, tag) !== undefined) ? 'call' : 'delivery'
}

/** Rules between the parts of a receipt (docs/protocol/03 §5.1, 02 §10.2). */
export const receiptRuleMisfit = (node: BinaryNode, form: string): string | undefined => {
  if (form === 'delivery' || form === 'read') return participantMisfit(node)
  if (form !== 'retry') return undefined
  const retry = getBinaryNodeChild(node, 'retry')
  if (retry?.attrs['id'] !== node.attrs['id']) return 'retry names the id of the receipt'
  const count = Number(retry?.attrs['count'])
  if (!(count >= 1 && count <= 5)) return 'the count of a retry is 1 to 5'
  if (count >= 2 && getBinaryNodeChild(node, 'keys') === undefined) return 'keys are required from count 2 on'
  if (node.attrs['recipient'] !== undefined && node.attrs['category'] === 'peer') {
    return 'recipient does not stand together with category=peer'
  }
  return undefined
}

const participantMisfit = (node: BinaryNode): string | undefined => {
  const to = node.attrs['to'] ?? ''
  const needed = to.endsWith('@g.us') || to.endsWith('@broadcast')
  const present = node.attrs['participant'] !== undefined
  if (needed && !present) return 'a receipt to a group or broadcast names the participant'
  if (!needed && present) return 'participant stands only towards groups and broadcasts'
  return undefined
}
