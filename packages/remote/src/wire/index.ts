export { publicCredentials } from '../client/public-credentials.js'
export { collect, IncomingStream } from '../streams/incoming-stream.js'
export { type NoteBytes, receiveValue } from '../streams/receive-value.js'
export { type StreamSender, StreamTable } from '../streams/stream-table.js'
export { type DecodedError, decodeError, encodeError } from './errors.js'
export { type EventRule, eventRules, isEventName, loggedEvents } from './event-rules.js'
export {
  clientFrameNames,
  gatewayFrameNames,
  parseClientFrame,
  parseClientHello,
  parseGatewayFrame,
} from './frames.js'
export { wireLimits } from './limits.js'
export {
  type CallEntry,
  callEntry,
  isRemoteMethod,
  type MemberEntry,
  methodRegistry,
  type RemoteMethod,
  type Verb,
  verbs,
} from './method-registry.js'
export * from './protocol.js'
export { connectionUpdateOf, type SessionView } from './session-view.js'
export { type DecodeOptions, decodeValue, type EncodeOptions, encodeValue, type StreamKind } from './values.js'
