/**
 * Words, the same way for both databases and for every language: without case and accents, compatibility forms as their
 * plain ones. Scripts that are written without blanks give one word per character; what is searched for in them is a
 * phrase, and finds any part of a text.
 */
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*|\p{Extended_Pictographic}/gu
const WITHOUT_BLANKS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
/**
 * Accents, the vowel points of Arabic and Hebrew, and what only says how a symbol is drawn. Vowel signs of other scripts
 * stay: they make another word.
 */
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]|[\u20d0-\u20ff]|[\ufe00-\ufe0f]/g
const LONGEST_WORD = 64
/** Words of one message. */
const MOST_WORDS = 10_000
/** Characters of one message that are looked at. */
const LONGEST_TEXT = 100_000
/** Terms of one question. */
const MOST_TERMS = 32

/** The words of a text, in order. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [run] of plain(text.slice(0, LONGEST_TEXT)).matchAll(WORD)) {
    for (const word of partsOf(run)) {
      if (words.length === MOST_WORDS) return words
      words.push(word)
    }
  }
  return words
}

function plain(text: string): string {
  const folded = text.normalize('NFKD').replace(MARKS, '').toUpperCase().toLowerCase()
  // Folding may bring marks of its own; Korean syllables were taken apart.
  return folded.replace(MARKS, '').replaceAll('ς', 'σ').normalize('NFC')
}

function partsOf(run: string): string[] {
  if (!WITHOUT_BLANKS.test(run)) return [shortened(run)]
  const parts: string[] = []
  let word = ''
  for (const character of run) {
    if (WITHOUT_BLANKS.test(character)) {
      if (word !== '') parts.push(shortened(word))
      word = ''
      parts.push(character)
    } else word += character
  }
  if (word !== '') parts.push(shortened(word))
  return parts
}

const shortened = (word: string): string => (word.length > LONGEST_WORD ? word.slice(0, LONGEST_WORD) : word)

/** What a text has to contain: all terms; the words of a term one after another. */
export interface SearchTerm {
  readonly words: readonly string[]
  /** The last word may go on. */
  readonly isPrefix: boolean
}

/** Reads what somebody types: words, `"a phrase"`, `begin*`. */
export function searchTerms(question: string): SearchTerm[] {
  const terms: SearchTerm[] = []
  for (const [, phrase, single = ''] of question.slice(0, LONGEST_TEXT).matchAll(/"([^"]*)"|(\S+)/g)) {
    const isPrefix = phrase === undefined && single.endsWith('*')
    const words = wordsOf(phrase ?? single)
    if (words.length > 0 && terms.length < MOST_TERMS) terms.push({ words, isPrefix })
  }
  return terms
}
