/** How much a run does: `npm run test:model` sets it. */
export const modelSeed = process.env['KURIR_SEED'] ?? 'model'

/** Changes of a run, and the milliseconds that it may take. */
export const modelSize = (usual: number): { readonly changes: number; readonly timeoutMs: number } => {
  const changes = Number(process.env['KURIR_CHANGES'] ?? usual)
  return { changes, timeoutMs: 60_000 + changes * MS_PER_CHANGE }
}

const MS_PER_CHANGE = 200
