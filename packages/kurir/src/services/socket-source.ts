/**
 * The socket that a service works with: a direct or a remote one. Programs that make a new socket when a connection has
 * ended give a function that answers the present one.
 */
export type SocketSource<Socket extends object> = Socket | (() => Socket)

/** The socket of this moment. */
export function socketOf<Socket extends object>(source: SocketSource<Socket>): Socket {
  return typeof source === 'function' ? source() : source
}
