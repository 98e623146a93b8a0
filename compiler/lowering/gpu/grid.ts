/** The outermost loops of a GPU kernel. */
import type { Axis } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";

/** Loops over all axes, outermost first. A kernel without any still has a grid: of one iteration. */
export function gridLoops(k: KernelBuilder, axes: readonly Axis[], body: () => void): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) body();
  else k.loopOver(axis, () => gridLoops(k, rest, body));
}
