import { KurirError } from 'kurir/errors'
import type { MexRefusal } from '../mex/mex-service.js'

/** What a phone is told when the service refuses what it asks of it. */
export const requestRefused = ({ code, message }: MexRefusal): KurirError =>
  new KurirError('request-refused', `The service refused: ${message}`, { data: { code: String(code) } })
