/** Stands for the package `long` in the comparison of types: 64-bit members are `Integer64` in Kurir. */
import type { Integer64 } from 'kurir/proto'

type Long = Integer64

export type { Long }
export default Long
