import { KurirError } from '../../errors/index.js'

/** The refusal of content that a caller gave; `data.field` names the member. */
export function invalidContent(field: string, message: string, detail: Record<string, unknown> = {}): KurirError {
  return new KurirError('invalid-content', message, { statusCode: 400, data: { field, ...detail } })
}
