/** A process that has a session open until it is killed. Says so on its output. */
import { openStore } from '@kurir/store'

const store = await openStore(JSON.parse(process.argv[2] ?? '{}'))
await store.auth('bot')
console.log('held')
setInterval(() => {}, 1000)
