import { buildMexQuery, type MexOperation, parseMexAnswer } from '../mex/query.js'
import type { SocketCore } from './core.js'

/**
 * Asks the service a GraphQL question and reads the answer.
 *
 * @throws MexError when the service refuses or answers something else; as `query` of the connection
 */
export async function askMex<Result>({ connection }: SocketCore, operation: MexOperation<Result>): Promise<Result> {
  return operation.read(parseMexAnswer(await connection.query(buildMexQuery(operation)), operation))
}
