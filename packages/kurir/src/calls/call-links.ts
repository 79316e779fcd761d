/** Addresses of call links: a token of `createCallLink` follows. */
export const CALL_AUDIO_PREFIX = 'https://call.whatsapp.com/voice/'
export const CALL_VIDEO_PREFIX = 'https://call.whatsapp.com/video/'
