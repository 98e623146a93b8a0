/**
 * Deferred graphs in text. Printing forces them; what cannot be forced keeps a marker that parses back to a deferred
 * graph which fails when somebody needs it:
 * - `deferred @recursive`: a rule that uses the function it belongs to, met again inside itself;
 * - `deferred @unavailable "reason"`: a rule whose tracing failed.
 */
import { DeferredGraph, type Graph } from "../graph/graph.ts";
import { UnsupportedError } from "../types/errors.ts";

/** The key of every parsed `deferred @recursive`. */
const RECURSIVE_KEY = Object.freeze({ marker: "recursive" });

class UnavailableKey {
  constructor(readonly reason: string) {}
}

export type ForcedDeferred =
  | { readonly kind: "graph"; readonly graph: Graph }
  | { readonly kind: "recursive" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** Forces a deferred graph, unless that would recurse into one of the keys being printed already. */
export function forceDeferred(deferred: DeferredGraph, open: ReadonlySet<object>): ForcedDeferred {
  if (deferred.key === RECURSIVE_KEY || deferred.resolving || open.has(deferred.key)) {
    return { kind: "recursive" };
  }
  if (deferred.key instanceof UnavailableKey) return { kind: "unavailable", reason: deferred.key.reason };
  try {
    return { kind: "graph", graph: deferred.get() };
  } catch (error) {
    // A rule is user code; a dump of a graph that never uses it must not fail with it.
    return { kind: "unavailable", reason: error instanceof Error ? error.message : String(error) };
  }
}

export function recursiveDeferred(): DeferredGraph {
  return new DeferredGraph(RECURSIVE_KEY, () => {
    throw new UnsupportedError(
      "this graph was read from text, where a recursive rule is only a marker (deferred @recursive); " +
        "trace the function again to differentiate it this deeply",
    );
  });
}

export function unavailableDeferred(reason: string): DeferredGraph {
  return new DeferredGraph(new UnavailableKey(reason), () => {
    throw new UnsupportedError(`this rule could not be traced when the graph was printed: ${reason}`);
  });
}

export function knownDeferred(graph: Graph): DeferredGraph {
  return new DeferredGraph({ graph }, () => graph);
}
