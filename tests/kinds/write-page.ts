import { writeFileSync } from 'node:fs'
import { messagesPage } from './page.js'

writeFileSync(new URL('../../docs/messages.md', import.meta.url), messagesPage())
