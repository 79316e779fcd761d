export { itemsOf, type Members, membersOf, numberOf, objectOf, oneOf, textOf } from './answer-values.js'
export { type MexNotification, parseMexNotification } from './notification.js'
export {
  buildMexQuery,
  MexError,
  type MexErrorDetail,
  type MexOperation,
  type MexQuery,
  parseMexAnswer,
  unexpectedMexMember,
} from './query.js'
