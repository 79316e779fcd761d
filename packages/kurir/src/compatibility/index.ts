export { QueryIds, XWAPaths } from './mex-names.js'
export type * from './unused-types.js'
export { isStringNullOrEmpty, trimUndefined } from './values.js'
