/** Words that the two databases have different names for. */
export interface SqlTypes {
  readonly name: 'sqlite' | 'postgres'
  readonly bytes: string
  readonly integer: string
  /** A column that numbers its rows. */
  readonly number: string
}

/** One step of the schema. Steps are never changed once released: a change is a new step. */
export interface Migration {
  /** 1, 2, 3 … */
  readonly number: number
  readonly name: string
  statements(types: SqlTypes): readonly string[]
}
