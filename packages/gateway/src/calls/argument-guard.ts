import { KurirError } from 'kurir/errors'

/**
 * Arguments come from other machines. In a direct socket they may name files of this machine, or say that private networks
 * may be reached; from outside that would be a way to read the gateway's files and to look into its network.
 */

/** Options that programs may give, where the method takes others that are for the owner of the socket alone. */
const allowedOptions: Readonly<Record<string, { readonly at: number; readonly names: readonly string[] }>> = {
  sendMessage: {
    at: 2,
    names: [
      'timestamp',
      'quoted',
      'ephemeralExpiration',
      'ephemeralSettingTimestamp',
      'messageId',
      'mediaUploadTimeoutMs',
      'statusJidList',
      'statusSetting',
      'backgroundColor',
      'font',
      'broadcast',
      'useCachedGroupMetadata',
    ],
  },
  downloadMedia: { at: 2, names: ['startByte', 'endByte', 'maxLength', 'timeoutMs'] },
}

/** How a socket reaches the network is the gateway's to say, whatever the method. */
const networkOptions = new Set(['allowPrivateAddresses', 'mediaOrigins', 'agent', 'fetchAgent', 'dispatcher'])
const networkOptionDepth = 3

/** @throws KurirError `argument-refused` (403), naming the place in `data.path` */
export function checkArguments(method: string, args: readonly unknown[]): void {
  const options = allowedOptions[method]
  const given = options === undefined ? undefined : args[options.at]
  if (options !== undefined && typeof given === 'object' && given !== null) {
    const other = Object.keys(given).find(name => !options.names.includes(name))
    if (other !== undefined) throw refused(`${options.at}.${other}`, `the option ${other} is not for programs`)
  }
  for (const [index, argument] of args.entries()) checkValue(argument, [index])
}

function checkValue(value: unknown, path: readonly (string | number)[]): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  if (Symbol.asyncIterator in value) return
  for (const [name, member] of Object.entries(value)) {
    const place = [...path, name]
    if (name === 'url') checkUrl(member, place)
    if (networkOptions.has(name) && path.length < networkOptionDepth) {
      throw refused(place.join('.'), `${name} is not for programs`)
    }
    checkValue(member, place)
  }
}

/** What the library would take for a path or a `file:` URL. Programs read their own files and send them as streams. */
function checkUrl(url: unknown, path: readonly (string | number)[]): void {
  if (url === undefined || url === null || url === '') return
  const isText = typeof url === 'string' || url instanceof URL
  if (isText && /^(?!file:)([a-z][a-z\d+.-]+:\/\/|data:)/i.test(String(url))) return
  throw refused(path.join('.'), 'files of the gateway cannot be named; give bytes, a stream or an http(s) URL')
}

function refused(path: string, why: string): KurirError {
  return new KurirError('argument-refused', `An argument is refused: ${why}`, { statusCode: 403, data: { path } })
}
