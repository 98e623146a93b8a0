/** `; test jvp wrt=0,1`, `linearize`, `transpose`, `vmap size=3 dims=0,null`, `grad wrt=0`: golden graphs. */
import type { Graph } from "../../../compiler/graph/graph.ts";
import { parseGraph, printGraph } from "../../../compiler/text/index.ts";
import {
  batchGraph,
  jvpGraph,
  linearizeGraph,
  transposeGraph,
  valueAndGradGraph,
} from "../../../compiler/transforms/index.ts";
import { verifyGraph } from "../../../compiler/verify/index.ts";
import type { Filetest, Outcome } from "./filetest.ts";

export const transformCommands = {
  /** Forward mode with tangents for the inputs `wrt`. */
  jvp: (test: Filetest): Outcome => {
    const graph = parseGraph(test.source, test.name);
    const { graph: out, outNonzero } = jvpGraph(graph, mask(graph, test, "wrt"));
    return { output: `// tangents of outputs: ${flags(outNonzero)}\n${shown(out)}` };
  },
  /** The primal graph with residuals, then the linear one. */
  linearize: (test: Filetest): Outcome => {
    const graph = parseGraph(test.source, test.name);
    const { primal, linear, residuals, outNonzero } = linearizeGraph(graph, mask(graph, test, "wrt"));
    const head = `// residuals: ${residuals}; tangents of outputs: ${flags(outNonzero)}`;
    return { output: `${head}\n${shown(primal)}\n${shown(linear)}` };
  },
  /** The transpose with respect to the inputs `wrt`, in which the graph is linear. */
  transpose: (test: Filetest): Outcome => {
    const graph = parseGraph(test.source, test.name);
    return { output: shown(transposeGraph(graph, mask(graph, test, "wrt"))) };
  },
  /** Batched over `size` along `dims`. */
  vmap: (test: Filetest): Outcome => {
    const graph = parseGraph(test.source, test.name);
    const dims = option(test, "dims").map((d) => (d === "null" ? null : Number(d)));
    const { graph: out, outDims } = batchGraph(graph, Number(option(test, "size")[0]), dims);
    return { output: `// batch axes of outputs: ${outDims.map(String).join(", ")}\n${shown(out)}` };
  },
  /** Value and gradients, reverse mode. */
  grad: (test: Filetest): Outcome => {
    const graph = parseGraph(test.source, test.name);
    return { output: shown(valueAndGradGraph(graph, mask(graph, test, "wrt"))) };
  },
};

function shown(graph: Graph): string {
  verifyGraph(graph);
  return printGraph(graph, { sources: false });
}

function option(test: Filetest, name: string): string[] {
  const found = test.args.find((arg) => arg.startsWith(`${name}=`));
  if (found === undefined) throw new Error(`${test.name}: "; test ${test.command}" needs ${name}=…`);
  return found.slice(name.length + 1).split(",");
}

function mask(graph: Graph, test: Filetest, name: string): boolean[] {
  const chosen = option(test, name).map(Number);
  return graph.inputs.map((_, i) => chosen.includes(i));
}

function flags(values: readonly boolean[]): string {
  return values.map((v) => (v ? "yes" : "no")).join(", ");
}
