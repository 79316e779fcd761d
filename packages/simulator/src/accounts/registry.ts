import { KurirError } from 'kurir/errors'
import type { SeededRandom } from '../random.js'
import { Account } from './account.js'
import { type Address, type Addressing, parseAddress } from './address.js'
import type { Device } from './device.js'

/** An account together with the way it was named. */
export interface Resolved {
  readonly account: Account
  readonly addressing: Addressing
  /** Device number of the JID: 0 for a user JID. */
  readonly deviceId: number
  /** Undefined when the account has no such device. */
  readonly device: Device | undefined
}

/** All accounts of the service, by phone number and by LID. */
export class AccountRegistry {
  readonly #byPhoneNumber = new Map<string, Account>()
  readonly #byLid = new Map<string, Account>()
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /**
   * Registers a phone number and gives it a LID of 15 digits.
   *
   * @throws KurirError `invalid-phone-number` when it is not 7 to 15 digits; `account-exists`
   */
  create(phoneNumber: string, options: { readonly pushName?: string; readonly lid?: string } = {}): Account {
    const pnUser = phoneNumber.replace(/\D/g, '')
    if (!/^[1-9]\d{6,14}$/.test(pnUser)) {
      throw new KurirError('invalid-phone-number', 'A phone number has 7 to 15 digits and starts with a country code', {
        statusCode: 400,
        data: { phoneNumber },
      })
    }
    if (this.#byPhoneNumber.has(pnUser)) {
      throw new KurirError('account-exists', 'This phone number is registered already', {
        statusCode: 409,
        data: { phoneNumber: pnUser },
      })
    }
    const account = new Account({
      pnUser,
      lidUser: options.lid ?? this.#freeLid(),
      pushName: options.pushName ?? `Phone ${pnUser.slice(-4)}`,
    })
    this.#byPhoneNumber.set(pnUser, account)
    this.#byLid.set(account.lidUser, account)
    return account
  }

  /** Finds who a user or device JID names; undefined for unknown accounts and for JIDs that name no user. */
  resolve(jid: string | undefined): Resolved | undefined {
    const address = parseAddress(jid)
    return address === undefined ? undefined : this.resolveAddress(address)
  }

  resolveAddress(address: Address): Resolved | undefined {
    const account = (address.addressing === 'pn' ? this.#byPhoneNumber : this.#byLid).get(address.user)
    if (account === undefined) return undefined
    return {
      account,
      addressing: address.addressing,
      deviceId: address.device,
      device: account.devices.get(address.device),
    }
  }

  byPhoneNumber(user: string): Account | undefined {
    return this.#byPhoneNumber.get(user)
  }

  all(): IterableIterator<Account> {
    return this.#byPhoneNumber.values()
  }

  #freeLid(): string {
    for (;;) {
      const lid = this.#random.digits(15)
      if (!this.#byLid.has(lid)) return lid
    }
  }
}
