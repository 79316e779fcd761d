import { isJidGroup, jidNormalizedUser } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMediaUpload } from '../media/media-types.js'
import { type Dimensions, generateProfilePicture } from '../media/pictures.js'
import { isOwnAccount } from '../messages/own-account.js'
import { buildMexQuery, type MexQuery, parseMexAnswer } from '../mex/query.js'
import { buildAboutChange } from '../profile/about.js'
import { type BotListInfo, buildBotListQuery, parseBotList } from '../profile/bots.js'
import {
  buildPictureChange,
  buildPictureQuery,
  buildPictureRemoval,
  type PictureSize,
  parsePictureUrl,
} from '../profile/picture.js'
import { type TextStatusChange, textStatusQuery } from '../profile/text-status.js'
import { type OwnUsername, ownUsernameQuery, parseOwnUsername } from '../profile/username.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'
import { mediaNetwork } from './media-network.js'
import { ownAccount } from './own-account.js'

/** Pictures and texts that people see of an account (docs/protocol/04, 4.1 and 4.2). */
export interface ProfileMembers {
  /**
   * The address of the picture of a person, a group or the own account, to be fetched within some days; undefined when
   * the service gives none.
   *
   * @param type `preview` is small, `image` as it was set
   * @throws ServerRefusal 404 without picture, 401 when it is hidden from us
   */
  profilePictureUrl(jid: string, type?: PictureSize, timeoutMs?: number): Promise<string | undefined>
  /**
   * Sets the own picture or that of a group: a JPEG that fills 640 × 640 pixels is made of what is given.
   *
   * @throws KurirError `invalid-jid` (400) for other people; as `generateProfilePicture`; ServerRefusal
   */
  updateProfilePicture(
    jid: string,
    content: WAMediaUpload,
    dimensions?: { width: number; height: number },
  ): Promise<void>
  /** Takes away the own picture or that of a group. @throws KurirError `invalid-jid` (400); ServerRefusal */
  removeProfilePicture(jid: string): Promise<void>
  /** Sets the about text. @throws ServerRefusal */
  updateProfileStatus(status: string): Promise<void>
  /** Kurir: sets the short status with an emoji of newer apps; without text and emoji it is taken away. @throws MexError */
  updateTextStatus(status: TextStatusChange): Promise<void>
  /** Kurir: the own username; undefined without one. It is chosen on the phone. @throws MexError */
  fetchOwnUsername(): Promise<OwnUsername | undefined>
  /** Bots that WhatsApp offers. */
  getBotListV2(): Promise<BotListInfo[]>
}

export class Profile {
  readonly members: ProfileMembers
  readonly #core: SocketCore
  readonly #tokens: ContactTokens

  constructor(core: SocketCore, tokens: ContactTokens) {
    this.#core = core
    this.#tokens = tokens
    const { connection } = core
    this.members = {
      profilePictureUrl: (jid, type, timeoutMs) => this.#pictureUrl(jid, type, timeoutMs),
      updateProfilePicture: (jid, content, dimensions) => this.#setPicture(jid, content, dimensions),
      removeProfilePicture: async jid => void (await connection.query(buildPictureRemoval(this.#groupIn(jid)))),
      updateProfileStatus: async status => void (await connection.query(buildAboutChange(status))),
      updateTextStatus: async status => void (await this.#askMex(textStatusQuery(status))),
      fetchOwnUsername: () => this.fetchOwnUsername(),
      getBotListV2: async () => parseBotList(await connection.query(buildBotListQuery())),
    }
  }

  async fetchOwnUsername(): Promise<OwnUsername | undefined> {
    try {
      return parseOwnUsername(await this.#askMex(ownUsernameQuery))
    } catch (error) {
      // The service finds nothing when no name was chosen.
      if (KurirError.is(error) && error.code === 'mex-refused' && error.output.statusCode === 404) return undefined
      throw error
    }
  }

  async #pictureUrl(jid: string, type: PictureSize = 'preview', timeoutMs?: number): Promise<string | undefined> {
    const owner = jidNormalizedUser(jid)
    const { profilePicPrivacyToken } = this.#core.serverProps
    const proof = profilePicPrivacyToken ? await this.#tokens.proofFor(owner) : undefined
    const query = buildPictureQuery(owner, type, proof)
    return parsePictureUrl(await this.#core.connection.query(query, timeoutMs))
  }

  async #setPicture(jid: string, content: WAMediaUpload, dimensions: Dimensions | undefined): Promise<void> {
    const group = this.#groupIn(jid)
    const { agent, options } = mediaNetwork(this.#core.config)
    const { img } = await generateProfilePicture(content, dimensions, { agent, options })
    await this.#core.connection.query(buildPictureChange(img, group))
  }

  /** Undefined for the own account, under either of its names: the service wants no target then. */
  #groupIn(jid: string): string | undefined {
    const owner = jidNormalizedUser(jid)
    if (isJidGroup(owner)) return owner
    if (isOwnAccount(owner, ownAccount(this.#core.creds))) return undefined
    throw new KurirError('invalid-jid', 'Only the own picture and those of groups can be changed', {
      statusCode: 400,
      data: { jid },
    })
  }

  async #askMex(query: MexQuery): Promise<unknown> {
    return parseMexAnswer(await this.#core.connection.query(buildMexQuery(query)), query)
  }
}
