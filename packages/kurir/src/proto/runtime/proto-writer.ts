/** What `encode` returns: `finish()` gives the bytes. Given to another `encode`, it takes those bytes as well. */
export class ProtoWriter {
  private parts: Buffer[]

  constructor(bytes?: Buffer) {
    this.parts = bytes === undefined ? [] : [bytes]
  }

  /** Bytes so far. */
  get len(): number {
    return this.parts.reduce((total, part) => total + part.length, 0)
  }

  append(bytes: Buffer): this {
    this.parts.push(bytes)
    return this
  }

  finish(): Buffer {
    const [first] = this.parts
    if (this.parts.length === 1 && first !== undefined) return first
    const bytes = Buffer.concat(this.parts)
    this.parts = [bytes]
    return bytes
  }
}
