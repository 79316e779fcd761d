export * from './account-limits.js'
export type { EventOutcome } from './completion.js'
export * from './connection-state.js'
export {
  type BaileysBufferableEventEmitter,
  type BaileysEventEmitter,
  type EventBufferOptions,
  makeEventBuffer,
} from './event-buffer.js'
export type { EventListener } from './event-dispatcher.js'
export type { EventFilter, EventFilterMap, IncomingContent, IncomingMessage, IncomingText } from './event-filters.js'
export {
  EventManager,
  type EventManagerOptions,
  type HandlerInfo,
  type HandlerOptions,
} from './event-manager.js'
export type * from './event-map.js'
export type { ProcessHandler } from './handler-queue.js'
export { getKeyAuthor } from './message-key.js'
export type * from './message-types.js'
export {
  updateMessageWithEventResponse,
  updateMessageWithPollUpdate,
  updateMessageWithReaction,
  updateMessageWithReceipt,
} from './message-updates.js'
export { type BufferableEvent, bufferableEvents } from './pending-events.js'
export { type Schedule, unrefSchedule } from './schedule.js'
export {
  bindWaitForConnectionUpdate,
  bindWaitForEvent,
  type EventCheck,
  type WaitForEvent,
} from './wait-for-event.js'
