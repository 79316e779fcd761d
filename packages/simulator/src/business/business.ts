/** What a business says of itself; times are minutes after midnight. */
export interface BusinessProfile {
  address?: string | undefined
  description?: string | undefined
  email?: string | undefined
  websites: readonly string[]
  categories: readonly { readonly id: string; readonly name: string }[]
  hours?:
    | {
        readonly timezone: string
        readonly days: readonly Readonly<Record<string, string>>[]
      }
    | undefined
  coverPhoto?: { readonly id: string } | undefined
}

export type ReviewStatus = 'PENDING' | 'APPROVED' | 'REJECTED'

/** A product of a catalogue. */
export interface CatalogProduct {
  readonly id: string
  name: string
  description: string
  retailerId: string | undefined
  /** Thousandths of the currency's unit. */
  price: number
  currency: string
  isHidden: boolean
  images: readonly string[]
  status: ReviewStatus
}

/** Products that are shown together. */
export interface CatalogCollection {
  readonly id: string
  readonly name: string
  readonly productIds: readonly string[]
  status: ReviewStatus
}

export interface Order {
  readonly id: string
  /** Base64; whoever asks for the order shows it. */
  readonly token: string
  /** Unix seconds. */
  readonly createdAt: number
  readonly items: readonly { readonly product: CatalogProduct; readonly quantity: number }[]
}

/** The business that an account has. */
export class Business {
  readonly profile: BusinessProfile = { websites: [], categories: [] }
  /** VerifiedNameCertificate, and how far the name was checked. */
  verifiedName: { readonly certificate: Uint8Array; readonly level: string; readonly serial: string }
  /** In the order in which they were added. */
  readonly products = new Map<string, CatalogProduct>()
  readonly collections = new Map<string, CatalogCollection>()
  readonly orders = new Map<string, Order>()

  constructor(verifiedName: Business['verifiedName']) {
    this.verifiedName = verifiedName
  }
}
