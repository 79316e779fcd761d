import { proto } from 'kurir/proto'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import { Business, type CatalogCollection, type CatalogProduct, type Order, type ReviewStatus } from './business.js'

/** Which accounts are businesses; tells others of their changes (docs/protocol/05 §5.7). */
export class BusinessService {
  readonly #core: ServiceCore
  readonly #businesses = new Map<Account, Business>()

  constructor(core: ServiceCore) {
    this.#core = core
  }

  of(account: Account | undefined): Business | undefined {
    return account === undefined ? undefined : this.#businesses.get(account)
  }

  /** Makes a business of an account, or gives the one that there is a new certified name. */
  open(account: Account, name: string): Business {
    const serial = this.#core.random.digits(16)
    const verifiedName = { certificate: certificateFor(name, serial), level: 'low', serial }
    const known = this.#businesses.get(account)
    const business = known ?? new Business(verifiedName)
    business.verifiedName = verifiedName
    this.#businesses.set(account, business)
    this.#tell(
      account,
      element('verified_name', { jid: account.pn, verified_level: 'low', serial, v: '1' }, verifiedName.certificate),
    )
    return business
  }

  close(account: Account): void {
    if (this.#businesses.delete(account)) this.#tell(account, element('remove', { jid: account.pn }))
  }

  /** The profile changed: whoever knows the account asks anew. */
  profileChanged(account: Account, except?: Device): void {
    this.#tell(account, element('profile'), except)
  }

  /** A product that waits for its review. */
  add(account: Account, product: Omit<CatalogProduct, 'id' | 'status'>): CatalogProduct {
    const added: CatalogProduct = { ...product, id: this.#core.random.digits(16), status: 'PENDING' }
    this.of(account)?.products.set(added.id, added)
    return added
  }

  /** The review of a product is over: the business is told. */
  review(account: Account, product: CatalogProduct, status: ReviewStatus): void {
    product.status = status
    this.#tellOwn(account, element('product_catalog', {}, [element('product', {}, [element('id', {}, product.id)])]))
  }

  /** The review of a collection is over. */
  reviewCollection(account: Account, collection: CatalogCollection, status: ReviewStatus, reason?: string): void {
    collection.status = status
    const info = element('status_info', { status, reject_reason: reason })
    this.#tellOwn(account, element('product_catalog', {}, [element('collection', { id: collection.id }, [info])]))
  }

  order(account: Account, items: Order['items']): Order {
    const { random } = this.#core
    const order = {
      id: random.digits(15),
      token: random.bytes(24).toString('base64'),
      createdAt: this.#core.now(),
      items,
    }
    this.of(account)?.orders.set(order.id, order)
    return order
  }

  findOrder(id: string | undefined): Order | undefined {
    for (const { orders } of this.#businesses.values()) {
      const order = orders.get(id ?? '')
      if (order !== undefined) return order
    }
    return undefined
  }

  /** The account's own devices, and the contacts that watch its devices. */
  #tell(account: Account, child: ReturnType<typeof element>, except?: Device): void {
    for (const reader of new Set([account, ...account.watchers])) this.#notify(reader, account, child, except)
  }

  #tellOwn(account: Account, child: ReturnType<typeof element>): void {
    this.#notify(account, account, child)
  }

  #notify(reader: Account, about: Account, child: ReturnType<typeof element>, except?: Device): void {
    this.#core.delivery.notifyAccount(
      reader,
      () => {
        const attrs = { from: about.pn, type: 'business', id: this.#core.stanzaId(), t: this.#core.time() }
        return element('notification', attrs, [child])
      },
      except,
    )
  }
}

/** Signed by nobody: no client verifies it (docs/protocol/05 §5.3). */
const certificateFor = (verifiedName: string, serial: string): Uint8Array => {
  const details = { serial: Number(serial), issuer: 'smb:wa', verifiedName }
  return proto.VerifiedNameCertificate.encode({
    details: proto.VerifiedNameCertificate.Details.encode(details).finish(),
  }).finish()
}
