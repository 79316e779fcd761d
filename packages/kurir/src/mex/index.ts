export { buildMexQuery, MexError, type MexErrorDetail, type MexQuery, parseMexAnswer } from './query.js'
