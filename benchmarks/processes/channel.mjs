/** Calls between the benchmark and its processes over Node's IPC. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Starts a process that serves methods; `call` resolves with a result or rejects with its error. */
export const startProcess = (file, args = []) => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const pending = new Map()
  const listeners = new Map()
  let nextId = 1
  child.on('message', message => {
    if (message.event) return listeners.get(message.event)?.(message.value)
    const { resolve, reject } = pending.get(message.id)
    pending.delete(message.id)
    if (message.error) reject(new Error(`${file} ${args.join(' ')}: ${message.error}`))
    else resolve(message.result)
  })
  child.on('exit', code => {
    for (const { reject } of pending.values()) reject(new Error(`${file} ${args.join(' ')} ended with ${code}`))
  })
  return {
    call: (method, ...parameters) =>
      new Promise((resolve, reject) => {
        pending.set(nextId, { resolve, reject })
        child.send({ id: nextId, method, parameters })
        nextId += 1
      }),
    on: (event, listener) => listeners.set(event, listener),
    stop: () => child.kill(),
  }
}

/** Serves these methods to the parent. */
export const serve = methods => {
  process.on('message', async ({ id, method, parameters }) => {
    try {
      process.send({ id, result: await methods[method](...parameters) })
    } catch (error) {
      process.send({ id, error: error?.stack ?? String(error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
}

export const announce = (event, value) => process.send({ event, value })
