/** The last word on fusion: what bisection takes back one by one, and what a plugin of the compiler decides otherwise. */
import type { Equation } from "../graph/graph.ts";

/**
 * One choice to fuse, as the walks of `fuse` come to it.
 *
 * - `inline`: `equation` is computed inside `into`, a consumer of it;
 * - `join`: `equation` becomes a root of the group of `into`;
 * - `share`: the group of `equation` is computed in the passes of the row kernel of `into`;
 * - `merge`: the group of `equation` becomes a part of the kernel of `into`.
 */
export interface FusionChoice {
  readonly kind: "inline" | "join" | "share" | "merge";
  readonly equation: Equation;
  readonly into: Equation;
  readonly decision: "allow" | "forbid";
  readonly reason: string;
}

/** Whether an edge is fused, and why. */
export type FusionVerdict = Pick<FusionChoice, "decision" | "reason">;

/**
 * Takes each choice as it was made and returns it as it shall be. To forbid what was allowed costs speed and nothing
 * else; to allow what was forbidden breaks the program.
 */
export type FusionPolicy = (choice: FusionChoice) => FusionVerdict;

/** Every choice as it was made. */
export const asChosen: FusionPolicy = (choice) => choice;
