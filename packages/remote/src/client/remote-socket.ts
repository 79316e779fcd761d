import { randomBytes } from 'node:crypto'
import { PassThrough, pipeline, Readable, type Transform } from 'node:stream'
import type { Contact, WAMessage, WASocket } from 'kurir'
import { KurirError } from 'kurir/errors'
import { bindWaitForConnectionUpdate } from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import { collect } from '../streams/incoming-stream.js'
import { type MemberEntry, methodRegistry, type RemoteMethod } from '../wire/method-registry.js'
import type { GatewayLink } from './gateway-link.js'
import { notAvailable, remoteAuthState } from './public-credentials.js'

/** A socket whose connection is in a gateway: all members of a direct one, and the link to the gateway. */
export type RemoteSocket = WASocket & { readonly link: GatewayLink }

/** Members that are answered in this process. */
type LocalMembers = {
  [Name in keyof typeof methodRegistry as (typeof methodRegistry)[Name] extends { readonly kind: 'here' }
    ? Name & keyof WASocket
    : never]: WASocket[Name & keyof WASocket]
}

/**
 * Makes the socket from the method registry: every member of `WASocket` is there, and nothing else, so it can be returned
 * from an `async` function as it is.
 */
export function makeRemoteSocket(link: GatewayLink, logger: ILogger): RemoteSocket {
  const socket = { link }
  const local: PropertyDescriptorMap = {
    ...Object.getOwnPropertyDescriptors(localMembers(link, logger)),
    ...Object.getOwnPropertyDescriptors(adaptedMembers(link)),
  }
  for (const [name, entry] of Object.entries<MemberEntry>(methodRegistry)) {
    Object.defineProperty(socket, name, local[name] ?? descriptorOf(link, name, entry))
  }
  return socket as RemoteSocket
}

function descriptorOf(link: GatewayLink, name: string, entry: MemberEntry): PropertyDescriptor {
  if (entry.kind === 'absent') {
    return {
      configurable: true,
      // Not enumerable: spreading or logging a socket does not throw.
      get: () => {
        throw notAvailable(name, entry.why)
      },
    }
  }
  const value = (...args: unknown[]) => link.call(name as RemoteMethod, args)
  // Programs may put their own in its place, as with a direct socket.
  return { configurable: true, enumerable: true, writable: true, value }
}

function localMembers(link: GatewayLink, logger: ILogger): LocalMembers {
  const prefix = randomBytes(4).toString('hex')
  const authState = remoteAuthState(() => link.view.credentials)
  let tags = 0
  return {
    type: 'md',
    logger,
    ev: link.ev,
    authState,
    get user() {
      return link.view.credentials['me'] as Contact | undefined
    },
    generateMessageTag: () => {
      tags += 1
      return `${prefix}.--${tags}`
    },
    end: error => link.close(error),
    onUnexpectedError: (error, message) => logger.error({ err: error }, `unexpected error in '${message}'`),
    registerSocketEndHandler: handler => link.onClose(handler),
    waitForConnectionUpdate: bindWaitForConnectionUpdate(link.ev),
    waitForSocketOpen: () => link.whenOpen(),
  }
}

/** Members whose arguments or results are not plain values. */
function adaptedMembers(link: GatewayLink): Pick<WASocket, 'sendMessage' | 'downloadMedia' | 'updateMediaMessage'> {
  return {
    sendMessage: async (jid, content, { signal, ...options } = {}) => {
      const message = await link.call('sendMessage', [jid, content, options], signal === undefined ? {} : { signal })
      return message as WAMessage | undefined
    },
    // A buffer is put together here: the gateway holds no file in memory.
    downloadMedia: async <Form extends 'buffer' | 'stream'>(message: WAMessage, form: Form, options?: object) => {
      const stream = await link.call('downloadMedia', [message, 'stream', options])
      if (!(stream instanceof Readable)) throw unexpected('downloadMedia')
      const result = form === 'buffer' ? await collect(stream, Number.POSITIVE_INFINITY) : passedOn(stream)
      return result as Form extends 'buffer' ? Buffer : Transform
    },
    updateMediaMessage: async message => {
      const updated = await link.call('updateMediaMessage', [message])
      if (typeof updated !== 'object' || updated === null) throw unexpected('updateMediaMessage')
      return Object.assign(message, updated)
    },
  }
}

function passedOn(stream: Readable): Transform {
  const through = new PassThrough()
  // An error reaches the reader through `through`.
  pipeline(stream, through, () => {})
  return through
}

function unexpected(method: string): KurirError {
  return new KurirError('unexpected-answer', `The gateway's answer to ${method} is not of the kind that it should be`, {
    statusCode: 502,
    data: { method },
  })
}
