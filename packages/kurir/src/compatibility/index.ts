export { isStringNullOrEmpty, trimUndefined } from './values.js'
