import { readFileSync } from 'node:fs'
import type { WAMessage } from 'kurir'
import { channelFiles, usualDifferences } from './explained.js'
import { kindGroups } from './kinds.js'
import { type Direction, directions, type KindContext, type MessageKind } from './message-kind.js'
import { wrongInputs } from './wrong-inputs.js'

/** Prints `docs/messages.md` from the table; `npm run docs:messages` writes it. */
export function messagesPage(): string {
  return [
    intro,
    '## What the samples use',
    code(samplesSource()),
    '## Directions',
    overview(),
    ...kindGroups.flatMap(group => [`## ${group.title}`, ...group.kinds.map(kind => section(kind, group.file))]),
    '## What is refused',
    refusals(),
  ]
    .join('\n\n')
    .concat('\n')
}

const intro = `# Kinds of messages

<!-- Printed from tests/kinds by \`npm run docs:messages\`: change the table there, not this page. -->

Every kind of message: what to write, what the other side reads, and between whom that was tested. The tests send each sample below in each direction through the simulator, to a Kurir, a phone or an unmodified Baileys 7 (7.0.0-rc14), and compare what was read with what was sent, field by field, and the files byte by byte. [What sendMessage takes](content.md) is the reference of the members and options.

The samples stand in a chat where \`theirs\` is a message of somebody else, \`own\` one of ours, and \`poll\`, \`event\` and \`album\` are messages of these kinds; \`person\` is the JID of somebody, \`group\` that of a group.`

const directionTitles: Readonly<Record<Direction, string>> = {
  'kurir to phone': 'Kurir → phone',
  'phone to kurir': 'phone → Kurir',
  'kurir to baileys': 'Kurir → Baileys',
  'baileys to kurir': 'Baileys → Kurir',
}

const chatTitles = {
  user: '1:1',
  group: 'group',
  announcement: 'announcements',
  status: 'status',
  newsletter: 'channel',
} as const

function overview(): string {
  const head = ['kind', 'tested in', ...directions.map(direction => directionTitles[direction])]
  const rows = kindGroups.flatMap(({ kinds }) =>
    kinds.map(kind => [
      `[${kind.name}](#${anchor(kind.name)})`,
      kind.chats.map(chat => chatTitles[chat]).join(', '),
      ...directions.map(direction => mark(kind, direction)),
    ]),
  )
  const usual = directions.flatMap(direction =>
    Object.entries(usualDifferences[direction]).map(
      ([path, why]) => `- ${directionTitles[direction]}, any kind: \`${path}\` may differ. ${why}`,
    ),
  )
  const files = directions.flatMap(direction => {
    const why = channelFiles[direction]
    return why === undefined ? [] : [`- ${directionTitles[direction]}, files in channels: ${why}`]
  })
  const legend = `✓: arrives as it was sent. ≈: arrives, and the section says what is different. –: does not go this way, and the section says why. Keys of other messages are compared with the keys that the reader has for them.`
  return [legend, [table(head), ...rows.map(line)].join('\n'), [...usual, ...files].join('\n')].join('\n\n')
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[]): string => `${line(head)}\n${line(head.map(() => '---'))}`
const anchor = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')
const code = (source: string): string => `\`\`\`js\n${source}\n\`\`\``

function mark({ passages }: MessageKind, direction: Direction): string {
  const { impossible, relayed, otherwise, differs } = passages?.[direction] ?? {}
  if (impossible !== undefined) return '–'
  return (relayed ?? otherwise ?? differs) ? '≈' : '✓'
}

function section(kind: MessageKind, file: string): string {
  const { name, member, stanza, note } = kind
  const arrives = Object.keys(kind.expected(printed)).filter(key => key !== 'messageContextInfo')
  const form = [`type \`${stanza.type}\``, stanza.mediatype && `mediatype \`${stanza.mediatype}\``]
    .concat(stanza.edit && `edit \`${stanza.edit}\``)
    .filter(Boolean)
  const reported = ['messages.upsert', ...Object.keys(kind.reported?.(printed) ?? {})]
    .map(event => `\`${event}\``)
    .join(' and ')
  const facts = [
    `Arrives as ${arrives.map(key => `\`${key}\``).join(', ')} (stanza: ${form.join(', ')}); Kurir reports it by ${reported}.`,
    ...(member === 'kurir' ? ['`sendMessage` of Baileys has no such content.'] : []),
    ...(note === undefined ? [] : [note]),
  ]
  const remarks = directions.flatMap(direction => remarksOf(kind, direction))
  return [
    `### ${name}`,
    code(sample(name, file)),
    facts.join(' '),
    ...(remarks.length > 0 ? [remarks.join('\n')] : []),
  ].join('\n\n')
}

function remarksOf({ passages }: MessageKind, direction: Direction): string[] {
  const { impossible, relayed, otherwise, differs = {} } = passages?.[direction] ?? {}
  const said = [
    impossible && `not possible. ${impossible}`,
    relayed && `sent with \`relayMessage\`. ${relayed}`,
    otherwise && `in another form. ${otherwise}`,
    ...Object.entries(differs).map(([path, why]) => `\`${path}\` differs. ${why}`),
  ]
  return said.flatMap(each => (each ? [`- ${directionTitles[direction]}: ${each}`] : []))
}

/** The arguments of a sample as they stand in the table: what the page shows is what the tests run. */
function sample(name: string, file: string): string {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8')
  const from = source.indexOf(`\n    name: '${name}',\n`)
  const row = source.slice(from, source.indexOf('\n  },\n', from))
  const content = argument(row, 'content')
  if (from < 0 || content === undefined) throw new Error(`No sample for "${name}" in ${file}`)
  const options = argument(row, 'options')
  return `await sock.sendMessage(jid, ${content}${options === undefined ? '' : `, ${options}`})`
}

/** The value that a function of a row returns. */
function argument(row: string, member: string): string | undefined {
  const found = new RegExp(`\\n    ${member}: \\(.*?\\) => \\(([\\s\\S]*?)\\),\\n    \\w`).exec(row)?.[1]
  return found?.replaceAll('\n    ', '\n')
}

/** The constants, without what exports and imports them. */
function samplesSource(): string {
  const source = readFileSync(new URL('samples.ts', import.meta.url), 'utf8')
  return source
    .replaceAll(/^import .*\n+/gm, '')
    .replaceAll('export const', 'const')
    .replaceAll(': string', '')
    .trim()
}

function refusals(): string {
  const head = ['what', 'code', '`data.field`']
  const rows = wrongInputs.map(({ name, code: expected, field }) => [name, `\`${expected}\``, `\`${field}\``])
  const text =
    'Refused before anything is sent: the test looks at the service, where no message and no file may arrive. The error is a `KurirError` that names the member.'
  return [text, [table(head), ...rows.map(line)].join('\n')].join('\n\n')
}

const message = (id: string, fromMe: boolean): WAMessage => ({ key: { remoteJid: 'jid', fromMe, id }, message: null })

/** A chat for the names of what arrives. */
const printed: KindContext = {
  chat: 'jid',
  person: 'person',
  group: 'group',
  theirs: message('theirs', false),
  own: message('own', true),
  poll: message('poll', false),
  event: message('event', true),
  album: message('album', true),
}
