import { type AuthenticationState, BufferJSON, initAuthCreds, type SignalKeyStore } from 'kurir'

type Records = Map<string, unknown>

/**
 * An auth state whose process can be killed: from that moment nothing that it writes arrives, and {@link afterCrash} is
 * what the next process finds.
 */
export class CrashingState {
  /** What this process uses. */
  readonly state: AuthenticationState
  readonly #disk: { records: Records; creds: string | undefined }
  #isDead = false
  #held: Promise<void> | undefined
  #release: () => void = () => {}

  constructor(disk: { records: Records; creds: string | undefined } = { records: new Map(), creds: undefined }) {
    this.#disk = disk
    this.state = this.#makeState()
  }

  /** The state of the next process. */
  afterCrash(): CrashingState {
    this.#isDead = true
    this.#release()
    return new CrashingState({ records: new Map(this.#disk.records), creds: this.#disk.creds })
  }

  /** Writes from now on wait for `release`. */
  hold(): void {
    this.#held = new Promise(resolve => {
      this.#release = () => {
        this.#held = undefined
        resolve()
      }
    })
  }

  release(): void {
    this.#release()
  }

  /** Ids of the stored records of a type. */
  ids(type: string): string[] {
    return [...this.#disk.records.keys()].flatMap(name =>
      name.startsWith(`${type}.`) ? [name.slice(type.length + 1)] : [],
    )
  }

  #makeState(): AuthenticationState & { saveCreds(): Promise<void> } {
    const creds = this.#disk.creds === undefined ? initAuthCreds() : JSON.parse(this.#disk.creds, BufferJSON.reviver)
    const keys: SignalKeyStore = {
      get: (type, ids) =>
        Object.fromEntries(ids.map(id => [id, this.#disk.records.get(`${type}.${id}`) ?? null])) as never,
      set: async data => {
        while (this.#held) await this.#held
        if (this.#isDead) throw new Error('the process is dead')
        for (const [type, rows] of Object.entries(data)) {
          for (const [id, value] of Object.entries(rows ?? {})) {
            if (value) this.#disk.records.set(`${type}.${id}`, value)
            else this.#disk.records.delete(`${type}.${id}`)
          }
        }
      },
    }
    const saveCreds = async () => {
      if (!this.#isDead) this.#disk.creds = JSON.stringify(creds, BufferJSON.replacer)
    }
    return { creds, keys, saveCreds }
  }
}
