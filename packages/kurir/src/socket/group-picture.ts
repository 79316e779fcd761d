import { getBinaryNodeChild } from '../binary/accessors.js'
import { jidNormalizedUser, S_WHATSAPP_NET } from '../binary/jid.js'
import { readAnswer, send } from '../egress/http-request.js'
import { checkMediaUrl } from '../media/media-hosts.js'
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
  const answer = await connection.query({
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, target: jidNormalizedUser(group), type: 'get', xmlns: 'w:profile:picture' },
    content: [{ tag: 'picture', attrs: { type: 'preview', query: 'url' } }],
  })
  const url = getBinaryNodeChild(answer, 'picture')?.attrs['url']
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
