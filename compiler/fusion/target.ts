/** What a target can run as one kernel. */
export interface FusionTarget {
  /** Buffers that one kernel may be given. */
  readonly buffers: number;
  /** The rows of a kernel are done in order, so that it can carry a fold from row to row. */
  readonly rowsInOrder: boolean;
  /** Loops one after the other in one kernel are done one after the other. */
  readonly merges: boolean;
}

/** A function of WebAssembly may have 1000 parameters; engines pass a good many of them on the stack. */
export const WASM_FUSION: FusionTarget = { buffers: 200, rowsInOrder: true, merges: true };

/** WebGPU grants 8 storage buffers to a shader at least, and runs rows side by side. */
export const WEBGPU_FUSION: FusionTarget = { buffers: 8, rowsInOrder: false, merges: false };
