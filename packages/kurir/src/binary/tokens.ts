import { DICTIONARY_WORDS, SINGLE_BYTE_WORDS } from './token-words.js'

/** Version of the token dictionaries; the fourth byte of the connection intro says it to the server. */
export const DICT_VERSION = 3

/** Tag bytes of the wire format (docs/protocol/01, binary nodes: tag bytes). */
export const TAG = {
  LIST_EMPTY: 0,
  DICTIONARY_0: 236,
  DICTIONARY_3: 239,
  INTEROP_JID: 245,
  FB_JID: 246,
  AD_JID: 247,
  LIST_8: 248,
  LIST_16: 249,
  JID_PAIR: 250,
  HEX_8: 251,
  BINARY_8: 252,
  BINARY_20: 253,
  BINARY_32: 254,
  NIBBLE_8: 255,
} as const

/** Highest byte that is a token by itself. */
export const LAST_SINGLE_BYTE_TOKEN = 235

/**
 * Longest token in characters. A longer string needs no look-up.
 */
export const LONGEST_TOKEN = 48

/** A token made of digits, `-` and `.` only has at most this many characters. */
export const LONGEST_NUMERIC_TOKEN = 4

/**
 * A token's place in the tables: 1–235 for single-byte tokens, `(dictionary + 1) * 256 + index` for the others.
 */
export type TokenCode = number

let wordsByCode: readonly string[] | undefined
let codesByWord: ReadonlyMap<string, TokenCode> | undefined

/** Words by {@link TokenCode}; the places 0 and 236–255 are empty strings. */
export function tokenWords(): readonly string[] {
  wordsByCode ??= splitWords()
  return wordsByCode
}

/** Codes by word. A Map, so that words such as `constructor` find nothing (docs/protocol/01, encoding a string). */
export function tokenCodes(): ReadonlyMap<string, TokenCode> {
  if (codesByWord === undefined) {
    const codes = new Map<string, TokenCode>()
    for (const [code, word] of tokenWords().entries()) {
      if (word !== '') codes.set(word, code)
    }
    codesByWord = codes
  }
  return codesByWord
}

function splitWords(): readonly string[] {
  const words: string[] = new Array(256).fill('')
  let code = 1
  for (const word of wordsOf(SINGLE_BYTE_WORDS)) words[code++] = word
  return words.concat(wordsOf(DICTIONARY_WORDS))
}

/** Splitting at one character is several times faster than at a pattern. */
function wordsOf(text: string): string[] {
  return text.trim().replaceAll('\n', ' ').split(' ')
}
