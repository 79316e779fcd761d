import { readFileSync } from 'node:fs'

/** The shape of a JSON value: leaves are texts such as `str`, `num`, `enum(A|B)`, with `?` where it may be missing. */
export type MexShape = string | readonly MexShape[] | { readonly [member: string]: MexShape }

/** A GraphQL document of the present client. */
export interface MexDocument {
  readonly name: string
  /** Member of `data` that holds the answer. */
  readonly root: string
  readonly variables: { readonly [name: string]: MexShape }
  /** Set for the older documents that Baileys still asks: they are answered in their own shape. */
  readonly legacy: boolean
}

interface OperationEntry {
  readonly name: string
  readonly docId: string
  readonly root: readonly string[]
  readonly variables: { readonly [name: string]: MexShape }
  readonly baileys7?: { readonly docId: string; readonly dataPath: string; readonly sameDocId: boolean }
}

/** Documents of Baileys whose operation was replaced by one with other variables (docs/protocol/05 §4.2). */
const REPLACED: readonly (readonly [docId: string, document: MexDocument])[] = [
  ['29766401636284406', legacyAbout('MuteNewsletter', 'xwa2_newsletter_mute_v2')],
  ['9864994326891137', legacyAbout('UnmuteNewsletter', 'xwa2_newsletter_unmute_v2')],
]

/** Variables that the catalogue has too narrow: a text status without text is none (docs/protocol/04 §4.2). */
const CORRECTED: { readonly [name: string]: MexDocument['variables'] } = {
  UpdateTextStatus: { input: { text: 'str?', emoji: { content: 'str' }, ephemeral_duration_sec: 'num' } },
}

let loaded: ReadonlyMap<string, MexDocument> | undefined

/** The document with this number; undefined for unknown ones. */
export const mexDocument = (docId: string | undefined): MexDocument | undefined => {
  loaded ??= readCatalogue()
  return docId === undefined ? undefined : loaded.get(docId)
}

const readCatalogue = (): ReadonlyMap<string, MexDocument> => {
  // The file lies beside src and dist alike, so one relative path serves both.
  const text = readFileSync(new URL('../../data/mex-operations.json', import.meta.url), 'utf8')
  const { operations } = JSON.parse(text) as { operations: readonly OperationEntry[] }
  const documents = new Map<string, MexDocument>(REPLACED)
  for (const { name, docId, root, variables, baileys7 } of operations) {
    documents.set(docId, { name, root: root[0] ?? '', variables: CORRECTED[name] ?? variables, legacy: false })
    if (baileys7 === undefined || baileys7.sameDocId) continue
    documents.set(baileys7.docId, { name, root: baileys7.dataPath, variables, legacy: true })
  }
  return documents
}

function legacyAbout(name: string, root: string): MexDocument {
  return { name, root, variables: { newsletter_id: 'str' }, legacy: true }
}
