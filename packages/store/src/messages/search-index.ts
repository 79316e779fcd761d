import type { Dialect } from '../sql/sql.js'
import type { SearchTerm } from './words.js'

/** How a database keeps words and finds them. Words are letters, digits and symbols: they need no quoting. */
export interface SearchIndex {
  /** The value of the column `search`. */
  document(words: readonly string[]): string
  /** Condition on the table `messages`, with one parameter, made by {@link question}. */
  readonly condition: string
  question(terms: readonly SearchTerm[]): string
}

const sqlite: SearchIndex = {
  document: words => words.join(' '),
  condition: 'number IN (SELECT rowid FROM messages_search WHERE messages_search MATCH ?)',
  question: terms => terms.map(({ words, isPrefix }) => `"${words.join(' ')}"${isPrefix ? ' *' : ''}`).join(' '),
}

const postgres: SearchIndex = {
  document: words => words.map((word, index) => `'${word}':${index + 1}`).join(' '),
  condition: 'search @@ CAST(? AS tsquery)',
  question: terms =>
    terms
      .map(({ words, isPrefix }) => {
        const last = words.length - 1
        return `(${words.map((word, index) => `'${word}'${isPrefix && index === last ? ':*' : ''}`).join(' <-> ')})`
      })
      .join(' & '),
}

export const searchIndexOf = ({ name }: Dialect): SearchIndex => (name === 'sqlite' ? sqlite : postgres)
