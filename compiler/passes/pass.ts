/** What a pass is. Passes are pure: the runner (`runner.ts`) alone times, verifies, hashes and dumps. */
import type { Graph } from "../graph/graph.ts";

/** What passes may know besides their input. */
export interface PassContext {
  /** Whether input i of the compiled function may be overwritten (`donateArgnums`). */
  readonly donated: readonly boolean[];
}

export interface Pass<In, Out> {
  /** snake_case; stands in dump file names as `after_NAME`. */
  readonly name: string;
  run(input: In, context: PassContext): Out;
}

/** A pass from graphs to graphs. */
export type GraphPass = Pass<Graph, Graph>;
