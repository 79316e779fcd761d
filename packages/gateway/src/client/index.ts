/** A socket by environment: direct, or of a gateway. */
export { type ClientOptions, createClient } from './create-client.js'
