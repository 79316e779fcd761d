export { type MexNotification, objectOf, parseMexNotification } from './notification.js'
export { buildMexQuery, MexError, type MexErrorDetail, type MexQuery, parseMexAnswer } from './query.js'
