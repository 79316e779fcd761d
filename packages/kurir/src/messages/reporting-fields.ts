/**
 * Which protobuf fields of a `Message` take part in a reporting token (docs/protocol/02, 12). A number names a field;
 * parentheses hold what counts of a sub-message; `*` stands for the whole list again, for fields that hold a message.
 */

/** Fields that count in every version. */
const sinceVersion1 = [
  '1', // conversation
  '3(2 3 8 11 17(21 22) 25)', // imageMessage
  '6(1 17(21 22) 30)', // extendedTextMessage
  '7(2 7 10 17(21 22) 20)', // documentMessage
  '8(2 7 9 17(21 22) 21)', // audioMessage
  '9(2 6 7 13 17(21 22) 20)', // videoMessage
  '26(4 5 8 13 17(21 22))', // stickerMessage
  '37(1*)', // viewOnceMessage
  '53(1*)', // documentWithCaptionMessage
]

/** Fields added with version 2. */
const sinceVersion2 = [
  '4(1 16 17(21 22))', // contactMessage
  '5(3 4 5 16 17(21 22))', // locationMessage
  '12(1 2 14* 15)', // protocolMessage
  '18(6 16 17(21 22))', // liveLocationMessage
  '28(1 2 4 5 6 7(21 22))', // groupInviteMessage
  '49(2 3(1 2) 5(21 22) 8(1 2))', // pollCreationMessage
  '60(2 3(1 2) 5(21 22) 8(1 2))', // pollCreationMessageV2
  '64(2 3(1 2) 5(21 22) 8(1 2))', // pollCreationMessageV3
  '66(2 6 7 13 17(21 22) 20)', // ptvMessage
  '88(1 2(1) 3(21 22))', // pollResultSnapshotMessage
  '55(1*)', // viewOnceMessageV2
  '58(1*)', // editedMessage
  '59(1*)', // viewOnceMessageV2Extension
  '74(1*)', // lottieStickerMessage
  '87(1*)', // statusMentionMessage
  '92(1*)', // groupStatusMentionMessage
  '93(1*)', // pollCreationMessageV4
  '94(1*)', // a wrapper that the known schemas do not name
]

/** What is kept of one field. */
export interface ReportingField {
  /** First version in which the field counts. */
  readonly from: 1 | 2
  /** undefined: the field whole; `message`: the list again; else what is kept of the sub-message. */
  readonly fields: ReportingFields | 'message' | undefined
}

export type ReportingFields = ReadonlyMap<number, ReportingField>

let parsed: ReportingFields | undefined

/** The list, read on first use. */
export function reportingFields(): ReportingFields {
  parsed ??= new Map([...parseFields(sinceVersion1.join(' '), 1), ...parseFields(sinceVersion2.join(' '), 2)])
  return parsed
}

/** Reads `7(2 7) 12(14*)`: the lists above are the only input. */
function parseFields(text: string, from: 1 | 2): Map<number, ReportingField> {
  const fields = new Map<number, ReportingField>()
  let rest = text
  for (let entry = nextEntry(rest); entry !== undefined; entry = nextEntry(rest)) {
    const { number, mark, length } = entry
    const inner = mark === '(' ? rest.slice(length, closingParenthesis(rest, length)) : undefined
    const children = mark === '*' ? 'message' : inner === undefined ? undefined : parseFields(inner, from)
    fields.set(number, { from, fields: children })
    rest = rest.slice(inner === undefined ? length : length + inner.length + 1).trimStart()
  }
  return fields
}

function nextEntry(text: string): { number: number; mark: string; length: number } | undefined {
  const match = /^(\d+)([(*]?)\s*/.exec(text)
  return match === null ? undefined : { number: Number(match[1]), mark: match[2] ?? '', length: match[0].length }
}

function closingParenthesis(text: string, start: number): number {
  let depth = 1
  for (let index = start; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1
    else if (text[index] === ')') depth -= 1
    if (depth === 0) return index
  }
  return text.length
}
