import { KurirError } from 'kurir/errors'
import type {
  Business,
  BusinessProfile,
  CatalogCollection,
  CatalogProduct,
  Order,
  ReviewStatus,
} from '../business/business.js'
import type { PhoneContext } from './phone-context.js'

/** What a phone puts into its catalogue; it is approved at once. */
export type NewProduct = Pick<CatalogProduct, 'name' | 'price' | 'currency'> &
  Partial<Pick<CatalogProduct, 'description' | 'retailerId' | 'isHidden' | 'images'>>

/** The business of an account, as its phone runs it. Methods but {@link open} throw KurirError `no-business`. */
export class PhoneBusiness {
  readonly #context: () => PhoneContext

  constructor(context: () => PhoneContext) {
    this.#context = context
  }

  /** Makes a business of the account, with a certified name and what it says of itself; again, renames it. */
  open(name: string, profile: Partial<BusinessProfile> = {}): void {
    const { service, account } = this.#context()
    Object.assign(service.businesses.open(account, name).profile, profile)
  }

  /** The account is a person's again. */
  close(): void {
    const { service, account } = this.#context()
    service.businesses.close(account)
  }

  get profile(): Readonly<BusinessProfile> {
    return this.#business.profile
  }

  get products(): readonly CatalogProduct[] {
    return [...this.#business.products.values()]
  }

  changeProfile(changes: Partial<BusinessProfile>): void {
    const { service, account, device } = this.#context()
    Object.assign(this.#business.profile, changes)
    service.businesses.profileChanged(account, device)
  }

  addProduct({ description = '', retailerId, isHidden = false, images = [], ...product }: NewProduct): CatalogProduct {
    const { service, account } = this.#context()
    // Asked first: without a business there is no catalogue.
    const { products } = this.#business
    const added = service.businesses.add(account, { ...product, description, retailerId, isHidden, images })
    added.status = 'APPROVED'
    products.set(added.id, added)
    return added
  }

  addCollection(name: string, productIds: readonly string[]): CatalogCollection {
    const { random } = this.#context()
    const collection: CatalogCollection = { id: random.digits(16), name, productIds, status: 'APPROVED' }
    this.#business.collections.set(collection.id, collection)
    return collection
  }

  /** WhatsApp has looked at a product. @throws KurirError `unknown-product` */
  review(productId: string, status: ReviewStatus): void {
    const { service, account } = this.#context()
    const product = this.#business.products.get(productId)
    if (product === undefined) throw unknownProduct(productId)
    service.businesses.review(account, product, status)
  }

  /** WhatsApp has looked at a collection. @throws KurirError `unknown-product` */
  reviewCollection(collectionId: string, status: ReviewStatus, reason?: string): void {
    const { service, account } = this.#context()
    const collection = this.#business.collections.get(collectionId)
    if (collection === undefined) throw unknownProduct(collectionId)
    service.businesses.reviewCollection(account, collection, status, reason)
  }

  /** Somebody orders; what the message about it names. @throws KurirError `unknown-product` */
  order(items: readonly { readonly productId: string; readonly quantity: number }[]): Order {
    const { service, account } = this.#context()
    const { products } = this.#business
    return service.businesses.order(
      account,
      items.map(({ productId, quantity }) => {
        const product = products.get(productId)
        if (product === undefined) throw unknownProduct(productId)
        return { product, quantity }
      }),
    )
  }

  get #business(): Business {
    const { service, account } = this.#context()
    const business = service.businesses.of(account)
    if (business !== undefined) return business
    throw new KurirError('no-business', 'The account is no business', { statusCode: 404, data: { jid: account.pn } })
  }
}

const unknownProduct = (id: string): KurirError =>
  new KurirError('unknown-product', 'The catalogue has no such product or collection', {
    statusCode: 404,
    data: { id },
  })
