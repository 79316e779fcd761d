/** The part of the global `WebAssembly` that is used here; Node's types leave it to those of browsers. */
interface WebAssemblyRuntime {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => { readonly exports: object }
}

declare const WebAssembly: WebAssemblyRuntime

/** What every module of this folder exports besides its functions. */
export interface ModuleMemory {
  readonly memory: { readonly buffer: ArrayBuffer }
}

/**
 * Loads a module of `wasm-assembler.ts`.
 *
 * @throws an error of the engine when it has no WebAssembly, or not the instructions of the module
 */
export function instantiate<Functions>(bytes: Uint8Array<ArrayBuffer>): Functions & ModuleMemory {
  const { Module, Instance } = WebAssembly
  // What the module exports is written beside the code that calls it.
  return new Instance(new Module(bytes)).exports as Functions & ModuleMemory
}
