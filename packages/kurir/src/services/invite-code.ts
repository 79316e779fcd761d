import { KurirError } from '../errors/kurir-error.js'

/**
 * The code in an invitation, which may be given as a link (`https://chat.whatsapp.com/…`) or as the code alone.
 *
 * @throws KurirError `invalid-invite-code` (400)
 */
export function codeOfInvite(invite: string): string {
  const code = /^(?:https:\/\/)?(?:chat\.whatsapp\.com\/(?:invite\/)?)?([\w-]{8,64})\/?(?:\?.*)?$/.exec(
    invite.trim(),
  )?.[1]
  if (code !== undefined) return code
  throw new KurirError('invalid-invite-code', 'An invitation is a link of chat.whatsapp.com or its code', {
    statusCode: 400,
    data: { invite },
  })
}
