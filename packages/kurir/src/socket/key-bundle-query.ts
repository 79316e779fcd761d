import { buildKeyBundleQuery, type KeyBundle, type KeyBundles, parseKeyBundles } from '../auth/key-bundles.js'
import { isPnUser } from '../binary/jid.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import type { SocketCore } from './core.js'
import { canonicalDevice } from './own-account.js'

const NOT_ACCEPTABLE = 406

/**
 * The key bundles of devices, under the names they were asked for with. They are asked for by LID where it is known,
 * and once more by phone number where the server knows the device under that only (docs/protocol/02 §6.5, §8.1).
 * Devices that the server does not serve are logged and left out.
 *
 * @param identityChanged the reason is that identities changed
 * @throws ServerRefusal other than that a JID is not acceptable; KurirError `timed-out`; ConnectionError
 */
export async function queryKeyBundles(
  core: SocketCore,
  jids: readonly string[],
  identityChanged: boolean,
): Promise<KeyBundle[]> {
  const preferred = await Promise.all(jids.map(async jid => ({ jid, name: await preferredName(core, jid) })))
  const first = await ask(core, preferred, identityChanged)
  const others = first.missing.flatMap(({ jid, name }) => (name === jid ? [] : [{ jid, name: jid }]))
  const second = others.length === 0 ? undefined : await ask(core, others, identityChanged)
  const missing = second ? [...first.missing.filter(({ jid, name }) => name === jid), ...second.missing] : first.missing
  for (const { jid, error } of missing) {
    core.logger.warn({ jid, err: error }, 'the server has no key bundle for a device')
  }
  return [...first.bundles, ...(second?.bundles ?? [])]
}

/** A device, and the name that it is asked for with. */
interface AskedDevice {
  readonly jid: string
  readonly name: string
}

async function preferredName({ repository }: SocketCore, jid: string): Promise<string> {
  const lid = isPnUser(jid) ? await repository.lidMapping.getLIDForPN(jid) : null
  return canonicalDevice(lid ?? jid)
}

async function ask(
  core: SocketCore,
  devices: readonly AskedDevice[],
  identityChanged: boolean,
): Promise<{
  readonly bundles: readonly KeyBundle[]
  readonly missing: readonly (AskedDevice & { readonly error: Error | undefined })[]
}> {
  const names = devices.map(({ name }) => name)
  const answer = await queryInParts(core, names, identityChanged)
  const served = new Map(answer.bundles.map(bundle => [canonicalDevice(bundle.jid), bundle]))
  const errors = new Map(answer.failures.map(({ jid, error }) => [canonicalDevice(jid), error]))
  return {
    bundles: devices.flatMap(({ jid, name }) => {
      const bundle = served.get(name)
      return bundle ? [{ ...bundle, jid }] : []
    }),
    missing: devices.flatMap(({ jid, name }) => (served.has(name) ? [] : [{ jid, name, error: errors.get(name) }])),
  }
}

/** One JID that is not valid makes the server refuse the whole question (406): then each half is asked by itself. */
async function queryInParts(core: SocketCore, names: readonly string[], identityChanged: boolean): Promise<KeyBundles> {
  try {
    return parseKeyBundles(await core.connection.query(buildKeyBundleQuery(names, identityChanged)))
  } catch (error) {
    if (!(error instanceof ServerRefusal) || error.data !== NOT_ACCEPTABLE) throw error
    if (names.length < 2) return { bundles: [], failures: names.map(jid => ({ jid, error })) }
    const middle = Math.ceil(names.length / 2)
    const left = await queryInParts(core, names.slice(0, middle), identityChanged)
    const right = await queryInParts(core, names.slice(middle), identityChanged)
    return { bundles: [...left.bundles, ...right.bundles], failures: [...left.failures, ...right.failures] }
  }
}
