export * from './blocklist.js'
export * from './privacy-settings.js'
export * from './trusted-contact-tokens.js'
