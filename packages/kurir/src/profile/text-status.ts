import { getBinaryNodeChild } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import type { BinaryNode } from '../binary/node.js'
import type { TextStatus } from '../chats/contact-types.js'
import { objectOf } from '../mex/answer-values.js'
import type { MexQuery } from '../mex/query.js'

/** The short status with an emoji that takes the place of the about text in newer apps (docs/protocol/04, 4.2). */

/** What to set: without text and emoji the status is taken away. */
export interface TextStatusChange {
  readonly text?: string | undefined
  readonly emoji?: string | undefined
  /** Seconds after which it disappears; it stays when absent. */
  readonly duration?: number | undefined
}

export function textStatusQuery({ text, emoji, duration }: TextStatusChange): MexQuery {
  const input = {
    text: text ?? null,
    ...(emoji !== undefined && { emoji: { content: emoji } }),
    ephemeral_duration_sec: duration ?? 0,
  }
  return { documentId: '9152604461510864', root: 'xwa2_update_text_status', variables: { input } }
}

/** The status of one person, as a notification of the type `mex` tells it (TextStatusUpdateNotification). */
export function parseTextStatusNotification(
  content: Readonly<Record<string, unknown>>,
): { readonly jid: string; readonly status: TextStatus } | undefined {
  const told = objectOf(content['xwa2_notify_text_status_on_update'])
  const jid = textOf(told?.['jid'])
  if (told === undefined || jid === undefined) return undefined
  const emoji = textOf(objectOf(told['emoji'])?.['content'])
  return {
    jid,
    status: statusOf(textOf(told['text']), emoji, told['ephemeral_duration_sec'], told['last_update_time']),
  }
}

/** The own status, as `text_status` in an `account_sync` notification. */
export function parseOwnTextStatus({ attrs, ...node }: BinaryNode): TextStatus {
  const emoji = getBinaryNodeChild({ attrs, ...node }, 'emoji')?.attrs['content']
  return statusOf(attrs['text'], emoji, attrs['ephemeral_duration_sec'], attrs['last_update_time'])
}

function statusOf(text: string | undefined, emoji: string | undefined, duration: unknown, time: unknown): TextStatus {
  const seconds = parseDecimal(textOf(duration))
  return {
    text: text ?? '',
    ...(emoji && { emoji }),
    ...(seconds && { duration: seconds }),
    setAt: new Date((parseDecimal(textOf(time)) ?? 0) * 1000),
  }
}

/** The service writes numbers as such or as text. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
