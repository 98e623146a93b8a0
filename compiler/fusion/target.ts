/** What a target can run as one kernel. */
import type { Equation } from "../graph/graph.ts";

export interface FusionTarget {
  /** Buffers that one kernel may be given. */
  readonly buffers: number;
  /** Buffers that computing producers inside their consumers may make a kernel read. */
  readonly reads: number;
  /** The rows of a kernel are done in order, so that it can carry a fold from row to row. */
  readonly rowsInOrder: boolean;
  /** Loops one after the other in one kernel are done one after the other. */
  readonly merges: boolean;
  /**
   * How often a contraction that computes the elements of an operand itself computes each: once for each time that it
   * packs them. Infinity where it would compute them in its innermost loop.
   */
  timesPacked(contraction: Equation, operand: number): number;
}

/**
 * A GPU runs rows side by side, and grants a shader few storage buffers: WebGPU 8 at least. One is kept for scratch
 * memory.
 */
export function gpuFusion(storageBuffers: number): FusionTarget {
  return {
    buffers: storageBuffers - 1,
    reads: storageBuffers - 2,
    rowsInOrder: false,
    merges: false,
    // Every block of the grid loads what it needs of both operands.
    timesPacked: () => Infinity,
  };
}
