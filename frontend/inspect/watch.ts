/** Who sees the stages of compilations: dumps, and whatever else shows what the compiler does. */
import type { Graph } from "../../compiler/graph/graph.ts";
import type { CompileObserver } from "../../compiler/pass-runner.ts";

/** `function`: of `jit`, a transformation or control flow run eagerly. `operation`: one operation of eager dispatch. */
export type CompilePurpose = "function" | "operation";

/** Asked before each compilation for an observer of it; null where it does not interest. */
export type CompileWatcher = (
  graph: Graph,
  donated: readonly boolean[] | null,
  purpose: CompilePurpose,
) => CompileObserver | null;
