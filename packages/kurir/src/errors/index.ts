export { type ErrorOutput, KurirError, type KurirErrorOptions } from './kurir-error.js'
