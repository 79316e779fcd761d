import type { WAMediaUpload } from '../media/media-types.js'

/** When a business is open on one day of the week. Times are minutes after midnight. */
export type WABusinessHoursConfig = {
  /** `sun` … `sat` */
  day_of_week: string
  /** `specific_hours`, `open_24h` or `appointment_only` */
  mode: string
  /** With `specific_hours`. */
  open_time?: number
  close_time?: number
}

/** The profile of a business (docs/protocol/05, 5.1). */
export type WABusinessProfile = {
  /** Empty when it has none. */
  description: string
  email: string | undefined
  business_hours: {
    timezone?: string
    business_config?: WABusinessHoursConfig[]
  }
  /** At most two. */
  website: string[]
  /** Name of the first category. */
  category?: string
  /** JID of the business. */
  wid?: string
  address?: string
}

/** A day of the week as a change of the profile writes it; days that are left out are closed. */
export type HoursDay =
  | {
      day: 'sun' | 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat'
      mode: 'specific_hours'
      /** Minutes after midnight. */
      openTimeInMinutes: string
      closeTimeInMinutes: string
    }
  | { day: 'sun' | 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat'; mode: 'open_24h' | 'appointment_only' }

/** Changes of the own profile; what is left out stays. */
export type UpdateBussinesProfileProps = {
  address?: string
  /** At most two; none takes them off. */
  websites?: string[]
  email?: string
  description?: string
  hours?: {
    /** As in the tz database: `Asia/Jakarta`. */
    timezone: string
    days: HoursDay[]
  }
}

export type ProductAvailability = 'in stock'

/** What sellers say of a product. */
export type ProductBase = {
  name: string
  /** Number of the product at the seller's. */
  retailerId?: string
  url?: string
  description: string
  /** In thousandths of the currency's unit. */
  price: number
  /** ISO code. */
  currency: string
  isHidden?: boolean
}

/** A new product. */
export type ProductCreate = ProductBase & {
  /** ISO code of the country that it comes from; undefined for none. */
  originCountryCode: string | undefined
  /** Uploaded as they are, unless they are URLs at WhatsApp already. */
  images: WAMediaUpload[]
}

export type ProductUpdate = Omit<ProductCreate, 'originCountryCode'>

/** A product of a catalogue (docs/protocol/05, 5.4). */
export type Product = ProductBase & {
  id: string
  /** Of the first image: `requested` in the size asked for, `original`. */
  imageUrls: { [size: string]: string }
  /** Whether WhatsApp has approved it: `whatsapp`: `APPROVED`, `PENDING`, `REJECTED`. */
  reviewStatus: { [by: string]: string }
  /** The service says no more. */
  availability: ProductAvailability
}

export type CatalogCursor = string

export type GetCatalogOptions = {
  /** Where the page before has ended. */
  cursor?: CatalogCursor
  /** Most products of a page: 1 to 100; 10 when absent. */
  limit?: number
  /** The business; the own account when absent. */
  jid?: string
}

/** A page of a catalogue. */
export interface CatalogPage {
  products: Product[]
  /** For the next page; undefined on the last one. */
  nextPageCursor: CatalogCursor | undefined
}

export type CatalogStatus = {
  status: string
  canAppeal: boolean
}

/** Products that the business shows together. */
export type CatalogCollection = {
  id: string
  name: string
  products: Product[]
  status: CatalogStatus
}

export type OrderPrice = {
  currency: string
  /** In thousandths of the currency's unit. */
  total: number
}

export type OrderProduct = {
  id: string
  imageUrl: string
  name: string
  quantity: number
  currency: string
  /** Of one piece, in thousandths of the currency's unit. */
  price: number
}

/** What was ordered (docs/protocol/05, 5.5). */
export type OrderDetails = {
  price: OrderPrice
  products: OrderProduct[]
}

/** Payload of `business.update`: what the service tells of a business (Kurir's own). */
export type BusinessUpdate =
  /** Its profile changed: `getBusinessProfile` has the new one. */
  | { readonly kind: 'profile'; readonly id: string }
  /** It is no business any more. */
  | { readonly kind: 'removed'; readonly id: string }
  /** These products of the own catalogue changed, or were reviewed. */
  | { readonly kind: 'products'; readonly id: string; readonly productIds: readonly string[] }
  /** A collection of the own catalogue was reviewed. */
  | {
      readonly kind: 'collection'
      readonly id: string
      readonly collectionId: string
      /** `APPROVED`, `PENDING`, `REJECTED` */
      readonly status: string
      readonly rejectReason: string | undefined
    }
