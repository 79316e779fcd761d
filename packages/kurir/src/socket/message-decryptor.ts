import { jidDecode, jidNormalizedUser } from '../binary/jid.js'
import { constantTimeEqual } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import type { EncryptedPart, IncomingMessage } from '../messages/incoming.js'
import type { MessageDecryptor } from '../messages/incoming-decryption.js'
import { verifyDeviceIdentity } from '../pairing/identity.js'
import { decodePreKeySignalMessage } from '../signal/signal-message.js'
import type { SocketCore } from './core.js'

/** Decryption of received messages with the sessions and sender keys of this device. */
export function makeMessageDecryptor(core: SocketCore): MessageDecryptor {
  const { repository, config } = core
  return {
    async pairwise(part, message) {
      const type = part.type === 'pkmsg' ? 'pkmsg' : 'msg'
      if (type === 'pkmsg') await checkCompanion(core, part, message)
      return repository.decryptMessage({ jid: message.author, type, ciphertext: part.ciphertext })
    },
    senderKey: (part, message) =>
      repository.decryptGroupMessage({ group: chatOf(message), authorJid: message.author, msg: part.ciphertext }),
    distribute: (item, message) =>
      repository.processSenderKeyDistributionMessage({ item, authorJid: message.author, chat: chatOf(message) }),
    promptSecret: async (context, message) => {
      const prompt = await config.getMessage({ remoteJid: chatOf(message), id: context.targetId, fromMe: true })
      return prompt?.messageContextInfo?.messageSecret ?? undefined
    },
  }
}

function chatOf(message: IncomingMessage): string {
  return message.fullMessage.key.remoteJid ?? message.author
}

/**
 * A companion that begins a session proves with its device identity that its account vouches for it
 * (docs/protocol/02, device-identity on an incoming pkmsg). A device whose identity is on record already needs no proof.
 *
 * @throws KurirError `device-identity-invalid`
 */
async function checkCompanion(core: SocketCore, part: EncryptedPart, message: IncomingMessage): Promise<void> {
  const decoded = jidDecode(message.author)
  if (!decoded?.device) return
  const { identityKey } = decodePreKeySignalMessage(part.ciphertext)
  const { repository } = core
  const known = await repository.getIdentityKey(message.author)
  if (known && constantTimeEqual(known, identityKey)) return
  const account = await repository.getIdentityKey(jidNormalizedUser(message.author))
  if (!message.deviceIdentity) {
    throw new KurirError('device-identity-missing', 'A companion began a session without proving its identity', {
      statusCode: 400,
      data: { id: message.id, author: message.author, retryReason: 11 },
    })
  }
  const isHostedServer = decoded.server === 'hosted' || decoded.server === 'hosted.lid'
  const { accountKey } = verifyDeviceIdentity(message.deviceIdentity, identityKey, account, isHostedServer)
  await repository.saveIdentityKey(jidNormalizedUser(message.author), accountKey)
}
