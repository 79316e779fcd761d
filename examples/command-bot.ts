/**
 * A bot with commands, in chats and groups:
 *
 *   !help            what there is
 *   !ping            is it there
 *   !echo <text>     says it again
 *   !poll Lunch? | Pizza | Sushi
 *   !who             who is in the group
 *
 *   npx tsx examples/command-bot.ts
 */
import { isJidGroup, type WAMessage, type WASocket } from 'kurir'
import { stayConnected } from './support/stay-connected.js'

interface Call {
  readonly sock: WASocket
  readonly chat: string
  readonly message: WAMessage
  /** What stands behind the command. */
  readonly text: string
}

interface Command {
  readonly help: string
  readonly run: (call: Call) => Promise<unknown>
}

const reply = ({ sock, chat, message }: Call, text: string) => sock.sendMessage(chat, { text }, { quoted: message })

const commands: Record<string, Command> = {
  help: {
    help: 'what there is',
    run: call =>
      reply(
        call,
        Object.entries(commands)
          .map(([name, { help }]) => `!${name}: ${help}`)
          .join('\n'),
      ),
  },
  ping: { help: 'is it there', run: call => reply(call, 'pong') },
  echo: { help: '<text>: says it again', run: call => reply(call, call.text || '…') },
  poll: {
    help: '<question> | <option> | <option> …',
    run: async call => {
      const [name = '', ...values] = call.text.split('|').map(part => part.trim())
      if (values.length < 2) return reply(call, 'A poll needs a question and two options: !poll Lunch? | Pizza | Sushi')
      return call.sock.sendMessage(call.chat, { poll: { name, values, selectableCount: 1 } })
    },
  },
  who: {
    help: 'who is in the group',
    run: async call => {
      if (!isJidGroup(call.chat)) return reply(call, 'This is no group.')
      const { subject, participants } = await call.sock.groupMetadata(call.chat)
      const mentions = participants.map(({ id }) => id)
      const text = `${subject}: ${mentions.map(jid => `@${jid.split('@', 1)[0]}`).join(' ')}`
      return call.sock.sendMessage(call.chat, { text, mentions })
    },
  },
}

const textOf = ({ message }: WAMessage) => message?.conversation ?? message?.extendedTextMessage?.text ?? ''

const handle = async (sock: WASocket, message: WAMessage): Promise<void> => {
  const { remoteJid: chat, fromMe } = message.key
  const [, name = '', text = ''] = /^!(\w+)\s*(.*)$/s.exec(textOf(message).trim()) ?? []
  const command = commands[name]
  if (!chat || fromMe || !command) return
  await sock.readMessages([message.key])
  await sock.sendPresenceUpdate('composing', chat)
  await command.run({ sock, chat, message, text })
  console.log(`command-bot: !${name} in ${chat}`)
}

await stayConnected('command-bot', sock => {
  sock.ev.on('messages.upsert', async ({ messages }) => {
    for (const message of messages) {
      await handle(sock, message).catch(error => console.error('command-bot: a command failed', error))
    }
  })
})
