/** What is slow the first time only, done before the user's program begins to measure. */
import type { NdArray } from "../core/array.ts";
import { spec } from "../core/spec.ts";
import { exp } from "../numpy/index.ts";
import { jit } from "../transforms/jit.ts";

/**
 * Resolves the source line of an equation: the engine then parses the source maps of the files on its stack, which
 * takes some 50 ms, and keeps them.
 */
export function parseSourceMaps(): void {
  const { graph } = jit((x: NdArray) => exp(x)).trace(spec([]));
  for (const equation of graph.equations) equation.source?.resolve();
}
