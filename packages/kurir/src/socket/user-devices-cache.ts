import { jidDecode } from '../binary/jid.js'
import type { PossiblyExtendedCacheStore } from './cache-store.js'
import type { DeviceDirectory } from './device-directory.js'

/** One device in the form of Baileys' cache. */
interface CachedDevice {
  readonly user: string
  readonly device: number
  readonly server: string
}

/**
 * The device lists as the cache that programs know from Baileys: keys are users, with or without server. It can be read
 * and emptied; nothing can be written into it, since only lists that an account has signed are believed.
 */
export function userDevicesCache(devices: DeviceDirectory): PossiblyExtendedCacheStore {
  const forget = (key: string): void => {
    for (const user of usersOf(key)) devices.forget(user)
  }
  return {
    get: <T>(key: string) => lookUp(devices, key) as Promise<T>,
    set: () => {},
    del: forget,
    flushAll: () => devices.forgetAll(),
    mdel: keys => {
      for (const key of keys) forget(key)
    },
  }
}

async function lookUp(devices: DeviceDirectory, key: string): Promise<CachedDevice[] | undefined> {
  for (const user of usersOf(key)) {
    const known = await devices.knownDevicesOf(user)
    if (known.length > 0) return known.flatMap(cachedDevice)
  }
  return undefined
}

function usersOf(key: string): string[] {
  return key.includes('@') ? [key] : [`${key}@s.whatsapp.net`, `${key}@lid`]
}

function cachedDevice(jid: string): CachedDevice[] {
  const decoded = jidDecode(jid)
  return decoded ? [{ user: decoded.user, device: decoded.device ?? 0, server: decoded.server }] : []
}
