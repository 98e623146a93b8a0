/** What the page of the WebGPU benchmark gives its driver. */

export type System = "weft" | "jax-js" | "tfjs";

export interface Figures {
  /** Milliseconds of the first run, with everything that is compiled for it, and of one run afterwards: the median. */
  readonly first: number;
  readonly time: number;
  /** Of one run. */
  readonly dispatches: number;
  readonly submits: number;
  /** Bytes of the buffers bound by its dispatches. */
  readonly bytes: number;
  /** Greatest difference from Weft's result on Wasm, relative to the largest magnitude. */
  readonly difference: number;
}

/** The exports of page.ts, which is type-checked with the other systems' packages alone. */
export interface BenchPage {
  workloads(): string[];
  describeAdapter(): Promise<string>;
  measure(system: System, name: string, milliseconds: number): Promise<Figures>;
}
