import { getBinaryNodeChild } from '../binary/accessors.js'
import { areJidsSameUser, jidDecode } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { ILogger } from '../logger/logger.js'

/** What {@link handleIdentityChange} works with. */
export interface IdentityChangeContext {
  readonly meId: string | undefined
  readonly meLid: string | undefined
  readonly validateSession: (jid: string) => Promise<{ exists: boolean; reason?: string }>
  readonly assertSessions: (jids: string[], force?: boolean) => Promise<boolean>
  /** Remembers JIDs for the time in which further notifications are ignored; Baileys uses 5 seconds. */
  readonly debounceCache: { get(jid: string): unknown; set(jid: string, value: true): unknown }
  readonly logger: ILogger
  /** Called before the session is built anew, for what has to come first. */
  readonly onBeforeSessionRefresh?: ((jid: string) => void) | undefined
}

/** What was done, and why nothing was. */
export type IdentityChangeResult =
  | { action: 'invalid_notification' }
  | { action: 'no_identity_node' }
  | { action: 'skipped_companion_device'; device: number }
  | { action: 'skipped_self_primary' }
  | { action: 'debounced' }
  | { action: 'skipped_no_session' }
  | { action: 'skipped_offline' }
  | { action: 'session_refreshed' }
  | { action: 'session_refresh_failed'; error: unknown }

/**
 * Baileys' reaction to an identity notification, for programs that call it themselves: when a contact with whom there is
 * a session has registered anew, the session is built anew. Never rejects but with `validateSession`.
 *
 * Sockets of this library do more by themselves: they also drop the contact's companions (docs/protocol/02 §11.1).
 */
export async function handleIdentityChange(
  node: BinaryNode,
  context: IdentityChangeContext,
): Promise<IdentityChangeResult> {
  const { logger } = context
  const jid = node.attrs['from']
  if (!jid) return { action: 'invalid_notification' }
  if (getBinaryNodeChild(node, 'identity') === undefined) return { action: 'no_identity_node' }
  const device = jidDecode(jid)?.device
  if (device) return { action: 'skipped_companion_device', device }
  if (isOwn(jid, context)) return { action: 'skipped_self_primary' }
  if (context.debounceCache.get(jid)) return { action: 'debounced' }
  context.debounceCache.set(jid, true)
  const { exists } = await context.validateSession(jid)
  if (!exists) return { action: 'skipped_no_session' }
  if (node.attrs['offline']) return { action: 'skipped_offline' }
  logger.info({ jid }, 'the identity of a contact changed')
  context.onBeforeSessionRefresh?.(jid)
  try {
    await context.assertSessions([jid], true)
    return { action: 'session_refreshed' }
  } catch (error) {
    logger.warn({ err: error, jid }, 'no new session after a change of identity')
    return { action: 'session_refresh_failed', error }
  }
}

function isOwn(jid: string, { meId, meLid }: IdentityChangeContext): boolean {
  return [meId, meLid].some(own => own !== undefined && areJidsSameUser(jid, own))
}
