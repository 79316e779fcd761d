import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import type { BinaryNode } from '../binary/node.js'
import { flag, groupChange, groupQuery } from './group-request.js'

/** A message that members have reported to the admins (docs/protocol/05, 1.19). */
export interface GroupReport {
  messageId: string
  reporters: {
    jid: string
    phoneNumber: string | undefined
    /** Unix seconds. */
    timestamp: number | undefined
  }[]
}

/** Reports a message to the admins of its group. */
export function buildReport(jid: string, messageId: string): BinaryNode {
  return groupChange(jid, {
    tag: 'reports',
    attrs: {},
    content: [{ tag: 'report', attrs: { message_id: messageId } }],
  })
}

/** Asks what was reported. */
export function buildReportsQuery(jid: string): BinaryNode {
  return groupQuery(jid, flag('reports'))
}

export function parseReports(answer: BinaryNode): GroupReport[] {
  return getBinaryNodeChildren(getBinaryNodeChild(answer, 'reports'), 'report').map(report => ({
    messageId: report.attrs['message_id'] ?? '',
    reporters: getBinaryNodeChildren(report, 'reporter').map(({ attrs }) => ({
      jid: attrs['jid'] ?? '',
      phoneNumber: attrs['phone_number'],
      timestamp: parseDecimal(attrs['timestamp']),
    })),
  }))
}
