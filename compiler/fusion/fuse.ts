/**
 * Decides what is computed where, in three linear walks over a region: what is inlined into its consumers
 * (`inlining.ts`), which of the other equations share a kernel (`grouping.ts`), and which of these groups share one
 * with others that they have nothing to do with (`merging.ts`).
 *
 * Every decision is recorded for its edge with its reason; `printPlan` shows them.
 */
import { type Graph, subgraphsOf } from "../graph/graph.ts";
import { Grouping } from "./grouping.ts";
import { Inlining } from "./inlining.ts";
import { Merging } from "./merging.ts";
import { Closing } from "./open-group.ts";
import type { FusionPlan } from "./plan.ts";
import { asChosen, type FusionPolicy } from "./policy.ts";
import type { FusionTarget } from "./target.ts";

/** Makes the fusion plan of a region and of the regions inside it. */
export function fuse(graph: Graph, target: FusionTarget, policy: FusionPolicy = asChosen): FusionPlan {
  const inlining = new Inlining(graph, policy, target);
  const open = new Merging(new Grouping(inlining, target, policy).run(), target, policy).run();
  const closing = new Closing(inlining, (equation) =>
    subgraphsOf(equation).map((region) => fuse(region, target, policy)),
  );
  const groups = open.map((group, id) => closing.close(group, id));
  const inlined = new Set(graph.equations.filter((e) => inlining.node(e).inlined));
  return { graph, groups, decisions: inlining.decisions, inlined };
}
