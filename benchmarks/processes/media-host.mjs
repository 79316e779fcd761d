/** Serves one file over HTTP, as a media host does, in a process of its own. */
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { serve } from './channel.mjs'

serve({
  host: path =>
    new Promise(resolve => {
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'content-length': statSync(path).size })
        createReadStream(path, { highWaterMark: 2 ** 18 }).pipe(response)
      })
      server.listen(0, '127.0.0.1', () => resolve(server.address().port))
    }),
})
