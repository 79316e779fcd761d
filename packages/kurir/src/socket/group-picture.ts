import { jidNormalizedUser } from '../binary/jid.js'
import { readAnswer, send } from '../egress/http-request.js'
import { checkMediaUrl } from '../media/media-hosts.js'
import { buildPictureQuery, parsePictureUrl } from '../profile/picture.js'
import type { SocketCore } from './core.js'
import { mediaNetwork } from './media-network.js'

const maxPictureBytes = 256 * 1_024
const timeoutMs = 10_000

/**
 * The small picture of a group, for invitations; undefined when it has none.
 *
 * @throws ServerRefusal, and KurirError as `send` of the egress room
 */
export async function groupPicture({ connection, config }: SocketCore, group: string): Promise<Buffer | undefined> {
  const url = parsePictureUrl(await connection.query(buildPictureQuery(jidNormalizedUser(group), 'preview')))
  if (url === undefined || !URL.canParse(url)) return undefined
  const network = mediaNetwork(config)
  const response = await send(new URL(url), {
    check: target => checkMediaUrl(target, network),
    allowPrivateAddresses: network.mediaOrigins !== undefined,
    timeoutMs,
    agent: network.agent,
    options: network.options,
  })
  if (response.status === 200) return readAnswer(response, maxPictureBytes)
  response.close()
  return undefined
}
