import { proto } from '../proto/index.js'

/**
 * `proto.WebMessageInfo.Status`: how far a message has come. As a type, too.
 *
 * This and the next are looked up when they are first read: making the class of stored messages would be a twentieth of
 * the time that importing the library takes.
 */
export const WAMessageStatus: typeof proto.WebMessageInfo.Status = deferred(() => proto.WebMessageInfo.Status)
export type WAMessageStatus = proto.WebMessageInfo.Status

/** `proto.WebMessageInfo.StubType`: what a system line in a chat says. As a type, too. */
export const WAMessageStubType: typeof proto.WebMessageInfo.StubType = deferred(() => proto.WebMessageInfo.StubType)
export type WAMessageStubType = proto.WebMessageInfo.StubType

/** Stands for an enum that is made when it is first looked into. */
function deferred<Enum extends object>(load: () => Enum): Enum {
  return new Proxy({} as Enum, {
    get: (_, name) => Reflect.get(load(), name),
    has: (_, name) => Reflect.has(load(), name),
    ownKeys: () => Reflect.ownKeys(load()),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(load(), name),
    getPrototypeOf: () => Reflect.getPrototypeOf(load()),
  })
}
