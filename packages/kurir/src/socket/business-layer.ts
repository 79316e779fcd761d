import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { parseBusinessNotification } from '../business/business-notifications.js'
import {
  buildCoverPhotoRemoval,
  buildCoverPhotoUpdate,
  buildProfileRequest,
  buildProfileUpdate,
  parseProfile,
} from '../business/business-profile.js'
import type {
  CatalogCollection,
  CatalogPage,
  GetCatalogOptions,
  OrderDetails,
  Product,
  ProductCreate,
  ProductUpdate,
  UpdateBussinesProfileProps,
  WABusinessProfile,
} from '../business/business-types.js'
import { buildCatalogRequest, buildCollectionsRequest, parseCatalog, parseCollections } from '../business/catalog.js'
import { buildOrderRequest, parseOrder } from '../business/order.js'
import {
  buildProductChange,
  buildProductCreation,
  buildProductDeletion,
  invalidProduct,
  parseDeletedCount,
  parseWrittenProduct,
} from '../business/product.js'
import { buildVerifiedNameRequest, parseVerifiedName } from '../business/verified-name.js'
import { KurirError } from '../errors/kurir-error.js'
import { DEF_MEDIA_HOST } from '../media/media-kinds.js'
import type { WAMediaUpload } from '../media/media-types.js'
import { checkInteger, checkJid, checkText } from '../messages/content/checks.js'
import type { BusinessNameData } from '../usync/business-protocol.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import type { MessagesRecvSocket } from './messages-receive-layer.js'
import { ownAccount } from './own-account.js'
import { uploadPlain } from './plain-upload.js'

/**
 * Businesses: their profiles, catalogues and orders. Methods that ask the service throw a `ServerRefusal` with its
 * number, and `invalid-content`, `invalid-product` or `invalid-business-profile` (400) for arguments that make no sense.
 */
export interface BusinessMembers {
  /** The profile of a business; undefined for who is none. */
  getBusinessProfile(jid: string): Promise<WABusinessProfile | undefined>
  /** Changes the own profile; only the members given change. Resolves with the answer of the service. */
  updateBussinesProfile(args: UpdateBussinesProfileProps): Promise<BinaryNode>
  /** Uploads a picture and makes it the cover photo; resolves with its id, which {@link removeCoverPhoto} takes. */
  updateCoverPhoto(photo: WAMediaUpload): Promise<number>
  removeCoverPhoto(id: string): Promise<BinaryNode>
  /** A page of a catalogue: of the own account, unless another is named. */
  getCatalog(options: GetCatalogOptions): Promise<CatalogPage>
  /** @param limit most collections, and most products of each; 51 when absent */
  getCollections(jid?: string, limit?: number): Promise<{ collections: CatalogCollection[] }>
  /**
   * What was ordered.
   *
   * @param orderId `orderId` of the message that brought the order
   * @param tokenBase64 its `token`
   */
  getOrderDetails(orderId: string, tokenBase64: string): Promise<OrderDetails>
  /** Adds a product to the own catalogue; its images are uploaded first. It is reviewed before others see it. */
  productCreate(create: ProductCreate): Promise<Product>
  productUpdate(productId: string, update: ProductUpdate): Promise<Product>
  /** Resolves with how many there were. */
  productDelete(productIds: string[]): Promise<{ deleted: number }>

  // Kurir's own

  /**
   * One product of a catalogue, looked for page by page; undefined when it is not among the first thousand.
   *
   * @param jid the business; the own account when absent
   */
  getProduct(productId: string, jid?: string): Promise<Product | undefined>
  /** The certified name of a business; undefined for who is none. The signatures are not verified. */
  getVerifiedName(jid: string): Promise<BusinessNameData | undefined>
}

export type BusinessSocket = MessagesRecvSocket & BusinessMembers

const largestPage = 100
/** Pages that a product is looked for in. */
const mostPages = 10
const mostCollections = 1_000

export function makeBusinessLayer({ core, socket }: Layer<MessagesRecvSocket>): Layer<BusinessSocket> {
  const business = new Business(core, socket)
  core.notifications.on('business', async node => tell(core, node))
  const members: BusinessMembers = {
    getBusinessProfile: async jid => parseProfile(await business.ask(buildProfileRequest(userOf(jid)))),
    updateBussinesProfile: async args => business.ask(buildProfileUpdate(args)),
    updateCoverPhoto: photo => business.setCoverPhoto(photo),
    removeCoverPhoto: async id => business.ask(buildCoverPhotoRemoval(checkText('id', id))),
    getCatalog: options => business.page(options),
    getCollections: async (jid, limit = 51) => {
      const asked = buildCollectionsRequest(business.userOrOwn(jid), checkInteger('limit', limit, 1, mostCollections))
      return { collections: parseCollections(await business.ask(asked)) }
    },
    getOrderDetails: async (orderId, token) =>
      parseOrder(await business.ask(buildOrderRequest(checkText('orderId', orderId), checkText('token', token)))),
    productCreate: create => business.createProduct(create),
    productUpdate: (productId, update) => business.changeProduct(productId, update),
    productDelete: async ids => {
      if (ids.length === 0) return { deleted: 0 }
      return { deleted: parseDeletedCount(await business.ask(buildProductDeletion(ids))) }
    },
    getProduct: (productId, jid) => business.findProduct(productId, jid),
    getVerifiedName: async jid => parseVerifiedName(await business.ask(buildVerifiedNameRequest(userOf(jid)))),
  }
  return { core, socket: extendSocket(socket, members) }
}

/** The calls that take more than a question. */
class Business {
  readonly #core: SocketCore
  readonly #socket: Pick<MessagesRecvSocket, 'waUploadToServer'>

  constructor(core: SocketCore, socket: Pick<MessagesRecvSocket, 'waUploadToServer'>) {
    this.#core = core
    this.#socket = socket
  }

  ask(request: BinaryNode): Promise<BinaryNode> {
    return this.#core.connection.query(request)
  }

  userOrOwn(jid: string | undefined): string {
    return jid === undefined ? jidNormalizedUser(ownAccount(this.#core.creds).id) : userOf(jid)
  }

  async page({ jid, limit = 10, cursor }: GetCatalogOptions): Promise<CatalogPage> {
    const request = buildCatalogRequest(this.userOrOwn(jid), checkInteger('limit', limit, 1, largestPage), cursor)
    return parseCatalog(await this.ask(request))
  }

  async findProduct(productId: string, jid: string | undefined): Promise<Product | undefined> {
    let cursor: string | undefined
    for (let page = 0; page < mostPages; page += 1) {
      const { products, nextPageCursor } = await this.page({
        limit: largestPage,
        ...(jid === undefined ? {} : { jid }),
        ...(cursor === undefined ? {} : { cursor }),
      })
      const found = products.find(({ id }) => id === productId)
      if (found !== undefined || nextPageCursor === undefined) return found
      cursor = nextPageCursor
    }
    return undefined
  }

  async createProduct({ images, ...product }: ProductCreate): Promise<Product> {
    if (images.length === 0) throw invalidProduct('images', 'A product has an image at least')
    const imageUrls = await this.#uploadImages(images)
    const written = { ...product, isHidden: product.isHidden === true, imageUrls }
    return this.#written('product_catalog_add', await this.ask(buildProductCreation(written)))
  }

  async changeProduct(productId: string, { images, ...product }: ProductUpdate): Promise<Product> {
    const id = checkText('productId', productId)
    const imageUrls = await this.#uploadImages(images)
    const written = { ...product, id, isHidden: product.isHidden === true, imageUrls }
    return this.#written('product_catalog_edit', await this.ask(buildProductChange(written)))
  }

  async setCoverPhoto(photo: WAMediaUpload): Promise<number> {
    const { fbid, meta_hmac: token, ts } = await this.#upload('biz-cover-photo', photo)
    if (fbid === undefined || token === undefined || ts === undefined) {
      throw new KurirError('media-upload-answer-invalid', 'The media host does not say what a cover photo needs', {
        statusCode: 502,
        retryable: true,
        data: { mediaType: 'biz-cover-photo' },
      })
    }
    await this.ask(buildCoverPhotoUpdate({ id: String(fbid), token, timestamp: String(ts) }))
    return fbid
  }

  /** One after another: a catalogue is no hurry. */
  async #uploadImages(images: readonly WAMediaUpload[]): Promise<string[]> {
    const urls: string[] = []
    for (const image of images) urls.push(urlAtWhatsApp(image) ?? (await this.#uploadImage(image)))
    return urls
  }

  async #uploadImage(image: WAMediaUpload): Promise<string> {
    const { directPath } = await this.#upload('product-catalog-image', image)
    return `https://${DEF_MEDIA_HOST}${directPath}`
  }

  #upload(mediaType: 'biz-cover-photo' | 'product-catalog-image', media: WAMediaUpload) {
    return uploadPlain(this.#core, this.#socket.waUploadToServer, mediaType, media)
  }

  #written(tag: 'product_catalog_add' | 'product_catalog_edit', answer: BinaryNode): Product {
    const product = parseWrittenProduct(answer, tag)
    if (product !== undefined) return product
    throw new KurirError('catalog-answer-invalid', 'The service does not say which product it has written', {
      statusCode: 502,
      data: { tag },
    })
  }
}

/** An image that WhatsApp has already stays where it is. */
function urlAtWhatsApp(image: WAMediaUpload): string | undefined {
  if (image instanceof Uint8Array || !('url' in image)) return undefined
  const text = String(image.url)
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' && hostname.endsWith('.whatsapp.net') ? text : undefined
}

/** What the service tells of businesses (docs/protocol/05, 5.7). */
function tell({ ev }: SocketCore, node: BinaryNode): void {
  for (const news of parseBusinessNotification(node)) {
    if (news.kind === 'update') ev.emit('business.update', news.update)
    else ev.emit('contacts.update', [{ id: news.id, verifiedName: news.name }])
  }
}

function userOf(jid: string): string {
  return jidNormalizedUser(checkJid('jid', jid, user => isPnUser(user) || isLidUser(user)))
}
