export { type IntegerLike, toNumber } from '../proto/integer.js'
