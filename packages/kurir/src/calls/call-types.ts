export type WACallUpdateType =
  | 'offer'
  | 'ringing'
  | 'preaccept'
  | 'transport'
  | 'relaylatency'
  | 'timeout'
  | 'reject'
  | 'accept'
  | 'terminate'

/** One step in the life of an incoming or outgoing call (docs/protocol/03, calls). */
export interface WACallEvent {
  chatId: string
  from: string
  /** Phone-number JID of the caller where `from` is a LID. */
  callerPn?: string | undefined
  isGroup?: boolean | undefined
  groupJid?: string | undefined
  id: string
  date: Date
  isVideo?: boolean | undefined
  status: WACallUpdateType
  /** True when the step happened while this device was not connected. */
  offline: boolean
  latencyMs?: number | undefined
}
