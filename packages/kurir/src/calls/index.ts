export { CALL_AUDIO_PREFIX, CALL_VIDEO_PREFIX } from './call-links.js'
export * from './call-stanza.js'
export { getCallStatusFromNode } from './call-status.js'
export type * from './call-types.js'
