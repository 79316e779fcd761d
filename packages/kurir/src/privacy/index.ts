export * from './trusted-contact-tokens.js'
