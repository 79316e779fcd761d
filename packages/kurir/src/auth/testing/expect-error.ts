import { expect } from 'vitest'
import { KurirError } from '../../errors/kurir-error.js'

/** The error that a promise rejects with, which must be a typed one with the code. */
export async function rejection(promise: Promise<unknown>, code: string): Promise<KurirError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(KurirError)
  expect(error).toMatchObject({ code })
  return error as KurirError
}

/** The error that a call throws, which must be a typed one with the code. */
export function thrown(call: () => unknown, code: string): KurirError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(KurirError)
    expect(error).toMatchObject({ code })
    return error as KurirError
  }
  throw new Error(`nothing was thrown, ${code} was expected`)
}
