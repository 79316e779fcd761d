import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'

/** The form of the schema that a message stanza means to have, judged by its address and its parts. */
export const messageForm = (node: BinaryNode): string => {
  const to = node.attrs['to'] ?? ''
  if (to.endsWith('@newsletter')) return newsletterForm(node)
  if (to.endsWith('@g.us')) return groupForm(node)
  if (to === 'status@broadcast') return node.attrs['participant'] === undefined ? 'status' : 'retryStatus'
  if (to.endsWith('@broadcast')) return 'broadcastList'
  if (node.attrs['category'] === 'peer') return 'peer'
  const direct = getBinaryNodeChild(node, 'enc')
  return direct?.attrs['count'] !== undefined ? 'retryUser' : 'user'
}

const groupForm = (node: BinaryNode): string => {
  if (node.attrs['participant'] !== undefined) return 'retryGroup'
  const direct = getBinaryNodeChild(node, 'enc')
  const empty = direct?.content === undefined || (direct.content as { length: number }).length === 0
  if (!empty) return 'group'
  return node.attrs['device_fanout'] === 'false' ? 'groupKeyOnly' : 'groupDirect'
}

const newsletterForm = (node: BinaryNode): string => {
  if (node.attrs['type'] === 'reaction') {
    return node.attrs['edit'] === '7' ? 'newsletterUnreact' : 'newsletterReaction'
  }
  if (getBinaryNodeChild(node, 'votes') !== undefined) return 'newsletterVote'
  if (node.attrs['edit'] === '3') return 'newsletterEdit'
  if (node.attrs['edit'] === '8') return 'newsletterRevoke'
  return node.attrs['server_id'] === undefined ? 'newsletterPost' : 'newsletterAnswer'
}

/** Every `<enc>` of a message, direct ones and those under `<participants>`. */
export const encryptedParts = (node: BinaryNode): BinaryNode[] => {
  const participants = getBinaryNodeChild(node, 'participants')
  const copies = participants === undefined ? [] : getBinaryNodeChildren(participants, 'to')
  return [...getBinaryNodeChildren(node, 'enc'), ...copies.flatMap(copy => getBinaryNodeChildren(copy, 'enc'))]
}
