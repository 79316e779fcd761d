import { proto } from 'kurir/proto'
import type { PhoneHistory } from './phone-history.js'
import type { PhoneLinking } from './phone-linking.js'
import type { PhoneSender } from './phone-sender.js'

type PeerRequest = proto.Message.IPeerDataOperationRequestMessage
type PeerResult = proto.Message.PeerDataOperationRequestResponseMessage.IPeerDataOperationResult

/** Answers what own companions ask the phone for (docs/protocol/03 §4.10). */
export class PhonePeer {
  /** False: requests stay unanswered, as with a phone that sleeps. */
  answers = true
  readonly #sender: PhoneSender
  readonly #linking: PhoneLinking
  readonly #history: PhoneHistory

  constructor(sender: PhoneSender, linking: PhoneLinking, history: PhoneHistory) {
    this.#sender = sender
    this.#linking = linking
    this.#history = history
  }

  /** @param requestId id of the message that carries the request */
  async answer(companion: string, requestId: string, message: proto.IMessage): Promise<void> {
    if (!this.answers) return
    const { type, appStateSyncKeyRequest, peerDataOperationRequestMessage: request } = message.protocolMessage ?? {}
    const { APP_STATE_SYNC_KEY_REQUEST, PEER_DATA_OPERATION_REQUEST_MESSAGE } = proto.Message.ProtocolMessage.Type
    if (type === APP_STATE_SYNC_KEY_REQUEST) {
      const asked = appStateSyncKeyRequest?.keyIds?.flatMap(({ keyId }) => (keyId == null ? [] : [keyId]))
      await this.#linking.shareAppStateKey(companion, asked)
    }
    if (type === PEER_DATA_OPERATION_REQUEST_MESSAGE && request != null) {
      await this.#answerRequest(companion, requestId, request)
    }
  }

  async #answerRequest(companion: string, requestId: string, request: PeerRequest): Promise<void> {
    const types = proto.Message.PeerDataOperationRequestType
    const { historySyncOnDemandRequest, fullHistorySyncOnDemandRequest, placeholderMessageResendRequest } = request
    switch (request.peerDataOperationRequestType) {
      case types.HISTORY_SYNC_ON_DEMAND:
        await this.#history.answerOnDemand(companion, requestId, historySyncOnDemandRequest ?? {})
        return
      case types.FULL_HISTORY_SYNC_ON_DEMAND: {
        const code =
          proto.Message.PeerDataOperationRequestResponseMessage.PeerDataOperationResult
            .FullHistorySyncOnDemandResponseCode.REQUEST_SUCCESS
        const requestMetadata = fullHistorySyncOnDemandRequest?.requestMetadata ?? null
        const response = { requestMetadata, responseCode: code }
        await this.#respond(companion, requestId, request, [{ fullHistorySyncOnDemandRequestResponse: response }])
        await this.#history.answerFull(companion, fullHistorySyncOnDemandRequest ?? {})
        return
      }
      case types.PLACEHOLDER_MESSAGE_RESEND: {
        const results = (placeholderMessageResendRequest ?? []).map(({ messageKey }) => this.#resend(messageKey?.id))
        await this.#respond(companion, requestId, request, results)
        return
      }
      default:
    }
  }

  #resend(id: string | null | undefined): PeerResult {
    const message = this.#history.find(id ?? '')
    if (message === undefined) return { placeholderMessageResendResponse: {} }
    const webMessageInfoBytes = proto.WebMessageInfo.encode(message).finish()
    return { placeholderMessageResendResponse: { webMessageInfoBytes } }
  }

  async #respond(
    companion: string,
    stanzaId: string,
    { peerDataOperationRequestType }: PeerRequest,
    peerDataOperationResult: PeerResult[],
  ): Promise<void> {
    const response: proto.Message.IPeerDataOperationRequestResponseMessage = {
      peerDataOperationRequestType: peerDataOperationRequestType ?? null,
      stanzaId,
      peerDataOperationResult,
    }
    const type = proto.Message.ProtocolMessage.Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE
    const protocolMessage = { type, peerDataOperationRequestResponseMessage: response }
    await this.#sender.sendPeer(companion, { protocolMessage })
  }
}
