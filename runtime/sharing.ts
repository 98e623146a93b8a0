/** How a loaded program hands the grains of a kernel to threads. The loader knows this much of them and no more. */

/** A program whose kernels have grains. */
export interface SharingProgram {
  /** Unique among all programs of this thread. */
  readonly number: number;
  /** Runs grains `from` to `to` of a kernel on the calling thread. */
  readonly grains: (table: number, kernel: number, from: number, to: number) => void;
  /** Where its module's bytes are in the arena. */
  readonly module: () => { readonly address: number; readonly length: number };
}

export interface Sharing {
  /** Runs all grains of a kernel and returns when they are done. */
  share(program: SharingProgram, table: number, kernel: number, grains: number): void;
}
