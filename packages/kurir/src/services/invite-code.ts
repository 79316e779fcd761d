import { KurirError } from '../errors/kurir-error.js'

/** The code that the service gave for a group or community. @throws KurirError `no-invite-code` (404) when it gave none */
export function inviteCodeOf(jid: string, code: string | undefined): string {
  if (code) return code
  throw new KurirError('no-invite-code', 'The service gave no invite code', { statusCode: 404, data: { jid } })
}
