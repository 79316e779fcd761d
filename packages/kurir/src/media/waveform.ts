/** Values of a waveform. */
export const waveformLength = 64

/**
 * The loudness of a voice note over time: 64 values from 0 to 100, all 0 for silence (docs/protocol/03, 7.10; the floor
 * form at the file's own rate).
 *
 * @param samples one channel
 */
export function waveformOf(samples: Float32Array | readonly number[]): Uint8Array {
  const block = Math.floor(samples.length / waveformLength)
  const means: number[] = []
  for (let index = 0; index < waveformLength; index += 1) {
    let sum = 0
    for (let at = index * block; at < (index + 1) * block; at += 1) sum += Math.abs(samples[at] ?? 0)
    means.push(block === 0 ? 0 : sum / block)
  }
  const loudest = Math.max(...means)
  return Uint8Array.from(means, mean => (loudest > 0 ? Math.floor(100 * (mean / loudest)) : 0))
}
