/** Shared parts of batch rules. */
import type { Builder } from "../graph/builder.ts";
import type { Operand } from "../graph/graph.ts";

/** The operand with its batch axis first; an unbatched one (dim null) is broadcast to `size` along a new first axis. */
export function batchFirst(b: Builder, x: Operand, dim: number | null, size: number): Operand {
  if (dim !== null) return b.moveAxis(x, dim, 0);
  const { shape } = x.type;
  return b.broadcastInDim(
    x,
    [size, ...shape],
    shape.map((_, i) => i + 1),
  );
}

/** All operands, of one unbatched shape, with the batch axis at one place: that of the first batched operand. */
export function alignBatched(
  b: Builder,
  inputs: readonly Operand[],
  dims: readonly (number | null)[],
  size: number,
): { inputs: Operand[]; dim: number } {
  const dim = dims.find((d) => d !== null) ?? 0;
  const aligned = inputs.map((x, i) => {
    const d = dims[i];
    if (d !== null) return b.moveAxis(x, d, dim);
    const shape = [...x.type.shape];
    const kept = shape.map((_, axis) => (axis < dim ? axis : axis + 1));
    shape.splice(dim, 0, size);
    return b.broadcastInDim(x, shape, kept);
  });
  return { inputs: aligned, dim };
}
