import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { messagesPage } from '../kinds/page.js'

it('docs/messages.md is what `npm run docs:messages` prints', () => {
  const page = readFileSync(new URL('../../docs/messages.md', import.meta.url), 'utf8')
  expect(page).toBe(messagesPage())
})
