import { KurirError } from 'kurir/errors'

export interface ControlRequest {
  /** The parts of the path that stand for something, decoded. */
  readonly parameters: readonly string[]
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
}

export interface Route {
  readonly method: string
  readonly pattern: RegExp
  readonly handle: (request: ControlRequest) => unknown
}

/** A path in which `:` stands for one part. */
export const route = (method: string, path: string, handle: Route['handle']): Route => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(':', '([^/]+)')}$`),
  handle,
})

/** A member of a body. @throws KurirError `control-request-refused` when it is no text or empty */
export const text = (value: unknown, name: string): string => {
  if (typeof value === 'string' && value !== '') return value
  throw refusal(`${name} must be a text`, name)
}

/** A list of texts; empty when it is absent. */
export const texts = (value: unknown, name: string): string[] => {
  if (value === undefined) return []
  if (Array.isArray(value)) return value.map(item => text(item, name))
  throw refusal(`${name} must be a list of texts`, name)
}

export const optionalNumber = (value: unknown, name: string): number | undefined => {
  if (value === undefined || typeof value === 'number') return value
  throw refusal(`${name} must be a number`, name)
}

/** A member that is an object. */
export const record = (value: unknown, name: string): Readonly<Record<string, unknown>> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw refusal(`${name} must be an object`, name)
}

export const oneOf = <Value extends string>(value: unknown, allowed: readonly Value[], name: string): Value => {
  const found = allowed.find(each => each === value)
  if (found !== undefined) return found
  throw refusal(`${name} is one of ${allowed.join(', ')}`, name)
}

export const refusal = (message: string, name?: string): KurirError =>
  new KurirError('control-request-refused', message, {
    statusCode: 400,
    ...(name === undefined ? {} : { data: { name } }),
  })

/** True for what may be a rule: what it does is named. */
export const hasAction = (body: object): boolean => {
  const action = 'action' in body ? body.action : undefined
  return typeof action === 'object' && action !== null && 'kind' in action && typeof action.kind === 'string'
}
