/** Types that Baileys exports and that neither it nor Kurir gives a meaning any more. */

export type CurveKeyPair = { private: Uint8Array; public: Uint8Array }
export type SessionRecreateHistory = { [jid: string]: number }
export type RetryCounter = { [messageId: string]: number }
export type PendingPhoneRequest = Record<string, NodeJS.Timeout>
export type WAInitResponse = { ref: string; ttl: number; status: 200 }
export type WAGroupCreateResponse = { status: number; gid?: string; participants?: [{ [jid: string]: object }] }
export type GroupModificationResponse = { status: number; participants?: { [jid: string]: object } }
export type CatalogResult = { data: { paging: { cursors: { before: string; after: string } }; data: unknown[] } }
export type ProductCreateResult = { data: { product: object } }
