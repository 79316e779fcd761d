import type {
  CatalogCollection,
  OrderDetails,
  Product,
  ProductCreate,
  ProductUpdate,
  UpdateBussinesProfileProps,
  WABusinessProfile,
} from '../business/business-types.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessage } from '../events/message-types.js'
import { normalizeMessageContent } from '../messages/content-type.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatJidOf } from './chat-address.js'
import { type MediaFile, mediaOf } from './message-sending.js'
import { type SocketSource, socketOf } from './socket-source.js'

export type BusinessServiceSocket = Pick<
  WASocket,
  | 'getBusinessProfile'
  | 'updateBussinesProfile'
  | 'updateCoverPhoto'
  | 'removeCoverPhoto'
  | 'getCatalog'
  | 'getCollections'
  | 'getProduct'
  | 'getOrderDetails'
  | 'productCreate'
  | 'productUpdate'
  | 'productDelete'
>

/** A product as it is described: its images may be any files. */
export type NewProduct = Omit<ProductCreate, 'images'> & { readonly images: readonly MediaFile[] }
export type ChangedProduct = Omit<ProductUpdate, 'images'> & { readonly images: readonly MediaFile[] }

/** Businesses: profiles, catalogues, orders. Businesses are JIDs or phone numbers with country code. */
export class BusinessService {
  readonly #source: SocketSource<BusinessServiceSocket>

  /** @param socket a direct or remote socket, or a function that answers the present one */
  constructor(socket: SocketSource<BusinessServiceSocket>) {
    this.#source = socket
  }

  get #socket(): BusinessServiceSocket {
    return socketOf(this.#source)
  }

  /** Undefined for who is no business. */
  async profile(business: string): Promise<WABusinessProfile | undefined> {
    return await this.#socket.getBusinessProfile(chatJidOf(business))
  }

  /** Changes the own profile; what is left out stays. */
  async updateProfile(changes: UpdateBussinesProfileProps): Promise<void> {
    await this.#socket.updateBussinesProfile(changes)
  }

  /** @returns the id of the photo, for {@link removeCoverPhoto} */
  async setCoverPhoto(photo: MediaFile): Promise<string> {
    return String(await this.#socket.updateCoverPhoto(mediaOf(photo)))
  }

  async removeCoverPhoto(id: string): Promise<void> {
    await this.#socket.removeCoverPhoto(id)
  }

  /**
   * The products of a catalogue, page by page, as they are asked for.
   *
   * @param business the own account when absent
   */
  async *products(business?: string): AsyncGenerator<Product, void, undefined> {
    const jid = business === undefined ? undefined : chatJidOf(business)
    let cursor: string | undefined
    do {
      const page = await this.#socket.getCatalog({ ...(jid && { jid }), ...(cursor && { cursor }), limit: pageSize })
      yield* page.products
      cursor = page.nextPageCursor
    } while (cursor !== undefined)
  }

  async product(id: string, business?: string): Promise<Product | undefined> {
    return await this.#socket.getProduct(id, business === undefined ? undefined : chatJidOf(business))
  }

  async collections(business?: string): Promise<readonly CatalogCollection[]> {
    const { collections } = await this.#socket.getCollections(business === undefined ? undefined : chatJidOf(business))
    return collections
  }

  /** Adds a product to the own catalogue. WhatsApp reviews it before others see it. */
  addProduct({ images, ...product }: NewProduct): Promise<Product> {
    return this.#socket.productCreate({ ...product, images: images.map(mediaOf) })
  }

  updateProduct(id: string, { images, ...product }: ChangedProduct): Promise<Product> {
    return this.#socket.productUpdate(id, { ...product, images: images.map(mediaOf) })
  }

  /** @returns how many there were */
  async deleteProducts(ids: readonly string[]): Promise<number> {
    return (await this.#socket.productDelete([...ids])).deleted
  }

  /**
   * What a customer has ordered with a message.
   *
   * @throws KurirError `not-an-order` (400) for any other message
   */
  async order(message: WAMessage): Promise<OrderDetails> {
    const { orderId, token } = normalizeMessageContent(message.message)?.orderMessage ?? {}
    if (orderId && token) return await this.#socket.getOrderDetails(orderId, token)
    throw new KurirError('not-an-order', 'The message brings no order', {
      statusCode: 400,
      data: { id: message.key.id },
    })
  }
}

/** Products that are asked for at once. */
const pageSize = 100
