import { parseAddress } from '../../accounts/address.js'
import type { DeviceDirectory } from '../../accounts/device-directory.js'
import { IqFailure, type IqHandler, NO_CHILDREN } from '../iq-answer.js'

/** What a linked device asks about links: its own logout (docs/protocol/01 §8.7). */
export const linkedDeviceHandlers = (directory: DeviceDirectory): Readonly<Record<string, IqHandler>> => ({
  'md set remove-companion-device': ({ device, child }) => {
    const named = parseAddress(child?.attrs['jid'])
    const user = named?.addressing === 'lid' ? device.account.lidUser : device.account.pnUser
    const target = named?.user === user ? device.account.devices.get(named.device) : undefined
    if (target === undefined || target.id === 0) return new IqFailure(404, 'item-not-found')
    if (device.id !== 0 && target !== device) return new IqFailure(403, 'forbidden')
    // After the answer: the link of the removed device ends with it.
    queueMicrotask(() => directory.remove(target))
    return NO_CHILDREN
  },
})
