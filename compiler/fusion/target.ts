/** What a target can run as one kernel. */
export interface FusionTarget {
  /** Buffers that one kernel may be given. */
  readonly buffers: number;
  /** Buffers that computing producers inside their consumers may make a kernel read. */
  readonly reads: number;
  /** The rows of a kernel are done in order, so that it can carry a fold from row to row. */
  readonly rowsInOrder: boolean;
  /** Loops one after the other in one kernel are done one after the other. */
  readonly merges: boolean;
}

/** A function of WebAssembly may have 1000 parameters; engines pass a good many of them on the stack. */
export const WASM_FUSION: FusionTarget = { buffers: 200, reads: Infinity, rowsInOrder: true, merges: true };

/**
 * A GPU runs rows side by side, and grants a shader few storage buffers: WebGPU 8 at least. One is kept for scratch
 * memory.
 */
export function gpuFusion(storageBuffers: number): FusionTarget {
  return { buffers: storageBuffers - 1, reads: storageBuffers - 2, rowsInOrder: false, merges: false };
}
