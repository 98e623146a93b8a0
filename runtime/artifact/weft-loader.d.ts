/** Runs functions that `weft compile` has made. It holds nothing of the compiler. */

/** Elements of an array. float16 is given and returned as its bits, bool as 0 and 1 in bytes. */
export type Elements =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** A number, or lists of numbers nested as deep as the array has axes. */
export type Numbers = number | boolean | readonly Numbers[];

/** What may be given for an array: its elements in row-major order, with their shape or without, or numbers, or a Tensor. */
export type ArrayInput<E extends Elements = Elements> =
  | E
  | Numbers
  | { readonly data: E | readonly number[]; readonly shape?: readonly number[] }
  | Tensor<E>;

/** An array as a call returns it: a copy of its elements in row-major order. */
export interface ArrayResult<E extends Elements = Elements> {
  readonly data: E;
  readonly shape: readonly number[];
}

/** An array that stays in WebAssembly memory, as an argument of further calls. */
export declare class Tensor<E extends Elements = Elements> {
  private constructor();
  /** `f32`, `i32`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** A copy of the elements. Throws after dispose(), and after the tensor was given for an argument that may be overwritten. */
  readonly data: E;
  /** Frees the memory at once; without it the memory is freed when the tensor is collected. */
  dispose(): void;
}

/** A file was truncated or altered, or is of another version; the message says what. It was not run. */
export declare class ArtifactError extends Error {}

/** Where a file of a compiled function is, or its bytes; a string is base64. */
export type FileSource = URL | string | BufferSource | Promise<BufferSource>;

/** Options of `loadFunction`, `loadWasm`, `load` and `loadSync`. */
export interface LoadOptions {
  /** Where a file is, where that is not the folder of the module. */
  readonly locate?: (file: string) => FileSource | undefined;
  /** Which variant of the WebAssembly module. The default is what the engine can run. */
  readonly variant?: "simd" | "relaxed";
}

/** What every compiled function has. */
export interface Compiled {
  readonly name: string;
  /** Places an array in WebAssembly memory once, for many calls. */
  put<E extends Elements>(data: E, shape?: readonly number[]): Tensor<E>;
  /** Frees its constants and weights. It cannot be called afterwards. */
  dispose(): void;
  /** Parameters, results, sizes and files. */
  readonly manifest: object;
}

/** An array that stays on a GPU, as an argument of further calls. */
export interface GpuTensor<E extends Elements = Elements> {
  /** `f32`, `i32`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** A copy of the elements. Rejects after dispose(), and after the tensor was given for an argument that may be overwritten. */
  readonly data: Promise<E>;
  /** Frees the memory at once; without it the memory is freed when the tensor is collected. */
  dispose(): void;
}

/** What may be given for an array to a function on a GPU. */
export type GpuArrayInput<E extends Elements = Elements> = ArrayInput<E> | GpuTensor<E>;

export interface GpuLoadOptions {
  /** Where a file is, where that is not the folder of the module. */
  readonly locate?: (file: string) => FileSource | undefined;
  /** The GPUAdapter to use, when the first function is loaded. The default is the host's fastest. */
  readonly adapter?: object;
}

/** What every function on a GPU has. */
export interface GpuCompiled {
  readonly name: string;
  /** Places an array on the GPU once, for many calls. */
  put<E extends Elements>(data: E, shape?: readonly number[]): GpuTensor<E>;
  /** Frees its constants and weights. It cannot be called afterwards. */
  dispose(): void;
  /** Parameters, results, sizes and files. */
  readonly manifest: object;
}

/** Loads a compiled function; the module that `weft compile` writes beside this one does it for you. */
export declare function load(
  manifest: object,
  files: Readonly<Record<string, FileSource>>,
  options?: LoadOptions,
): Promise<Compiled & ((...args: readonly unknown[]) => unknown)>;

/** Loads a compiled function whose files are at hand. */
export declare function loadSync(
  manifest: object,
  files: Readonly<Record<string, string | BufferSource>>,
  options?: Pick<LoadOptions, "variant">,
): Compiled & ((...args: readonly unknown[]) => unknown);
