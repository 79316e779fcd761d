/**
 * Keeps order in the groups that it is admin of: greets who joins, and removes what looks like advertising: invitations
 * to other groups that members who are not admins post. Who does it three times is removed too.
 *
 *   npx tsx examples/group-guard.ts
 */
import { areJidsSameUser, type GroupMetadata, isJidGroup, type WAMessage, type WASocket } from 'kurir'
import { stayConnected } from './support/stay-connected.js'

const WARNINGS = 3
const invitation = /chat\.whatsapp\.com\/[\w-]{8,}/i

/** How often somebody was warned, by group and member. */
const warned = new Map<string, number>()

const textOf = ({ message }: WAMessage) => message?.conversation ?? message?.extendedTextMessage?.text ?? ''

const isAdmin = ({ participants }: GroupMetadata, jid: string | undefined) =>
  participants.some(
    ({ id, lid, phoneNumber, admin }) => admin && [id, lid, phoneNumber].some(name => areJidsSameUser(name, jid)),
  )

const guard = async (sock: WASocket, message: WAMessage): Promise<void> => {
  const { remoteJid: group, participant, fromMe } = message.key
  if (!group || !isJidGroup(group) || fromMe || !participant || !invitation.test(textOf(message))) return
  const metadata = await sock.groupMetadata(group)
  const guards = isAdmin(metadata, sock.user?.id) || isAdmin(metadata, sock.user?.lid)
  if (!guards || isAdmin(metadata, participant)) return
  await sock.sendMessage(group, { delete: message.key })
  const name = `${group} ${participant}`
  const count = (warned.get(name) ?? 0) + 1
  warned.set(name, count)
  if (count < WARNINGS) {
    const text = `@${participant.split('@', 1)[0]}: no invitations to other groups, please (${count} of ${WARNINGS}).`
    await sock.sendMessage(group, { text, mentions: [participant] })
    return
  }
  await sock.groupParticipantsUpdate(group, [participant], 'remove')
  warned.delete(name)
  console.log(`group-guard: removed ${participant} from ${group}`)
}

await stayConnected('group-guard', sock => {
  sock.ev.on('messages.upsert', async ({ messages }) => {
    for (const message of messages) {
      await guard(sock, message).catch(error => console.error('group-guard: could not guard', error))
    }
  })

  sock.ev.on('group-participants.update', async ({ id, participants, action }) => {
    if (action !== 'add') return
    const mentions = participants.map(participant => participant.id)
    const text = `Welcome, ${mentions.map(jid => `@${jid.split('@', 1)[0]}`).join(', ')}!`
    await sock.sendMessage(id, { text, mentions }).catch(error => console.error('group-guard: could not greet', error))
  })
})
