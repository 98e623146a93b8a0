/** Removes equations nobody uses, and in loops the results, inputs and carries that nobody uses. */
import { type Equation, Graph, type Operand, type Params, Value } from "../graph/graph.ts";
import { isOp, type ScanParams } from "../graph/operations.ts";
import type { GraphPass } from "./pass.ts";
import { mapSubgraphs } from "./rewrite.ts";

function eliminate(graph: Graph): Graph {
  const live = new Set<Value>();
  const use = (x: Operand): void => {
    if (x instanceof Value) live.add(x);
  };
  graph.outputs.forEach(use);
  const kept: Equation[] = [];
  let changed = false;
  for (let i = graph.equations.length - 1; i >= 0; i--) {
    const equation = graph.equations[i];
    if (!equation.outputs.some((v) => live.has(v))) {
      changed = true;
      continue;
    }
    const slim = slimEquation(equation, live);
    if (slim !== equation) changed = true;
    kept.push(slim);
    slim.inputs.forEach(use);
  }
  return changed ? new Graph(graph.name, graph.inputs, kept.reverse(), graph.outputs) : graph;
}

function slimEquation(equation: Equation, live: ReadonlySet<Value>): Equation {
  if (isOp(equation, "scan")) return slimScan(equation, equation.params, live);
  if (isOp(equation, "cond")) return slimCond(equation, live);
  const params = mapSubgraphs(equation.params, eliminate);
  return params === equation.params ? equation : { ...equation, params };
}

function slimCond(
  equation: Equation & { params: { branches: readonly Graph[] } },
  live: ReadonlySet<Value>,
): Equation {
  const keep = equation.outputs.map((v) => live.has(v));
  const branches = equation.params.branches.map((branch) =>
    eliminate(
      keep.every(Boolean)
        ? branch
        : new Graph(
            branch.name,
            branch.inputs,
            branch.equations,
            branch.outputs.filter((_, i) => keep[i]),
          ),
    ),
  );
  const usedByBranch = branches.map(usedBy);
  const used = equation.inputs
    .slice(1)
    .map((_, i) => branches.some((branch, at) => usedByBranch[at].has(branch.inputs[i])));
  if (
    keep.every(Boolean) &&
    used.every(Boolean) &&
    branches.every((g, i) => g === equation.params.branches[i])
  ) {
    return equation;
  }
  const params: Params = {
    branches: branches.map(
      (g) =>
        new Graph(
          g.name,
          g.inputs.filter((_, i) => used[i]),
          g.equations,
          g.outputs,
        ),
    ),
  };
  return {
    ...equation,
    params,
    inputs: [equation.inputs[0], ...equation.inputs.slice(1).filter((_, i) => used[i])],
    outputs: equation.outputs.filter((_, i) => keep[i]),
  };
}

/** The values that a graph's equations and outputs use. */
function usedBy(graph: Graph): ReadonlySet<Operand> {
  const used = new Set<Operand>(graph.outputs);
  for (const { inputs } of graph.equations) for (const x of inputs) used.add(x);
  return used;
}

/**
 * Drops stacked results nobody reads, carries that only feed themselves, and constants and slices the body does not
 * use. A carry is live if its final value is read, or if another live result depends on it: a fixpoint.
 */
function slimScan(equation: Equation, params: ScanParams, live: ReadonlySet<Value>): Equation {
  const { numConsts, numCarry } = params;
  const keepOut = equation.outputs.map((v) => live.has(v));
  let body = params.body;
  for (;;) {
    const outputs = body.outputs.filter((_, i) => keepOut[i]);
    const slim = eliminate(new Graph(body.name, body.inputs, body.equations, outputs));
    const used = usedBy(slim);
    let grew = false;
    for (let c = 0; c < numCarry; c++) {
      if (!keepOut[c] && used.has(body.inputs[numConsts + c])) {
        keepOut[c] = true;
        grew = true;
      }
    }
    if (!grew) {
      body = slim;
      break;
    }
  }
  const inputs = body.inputs;
  const used = usedBy(body);
  const keepIn = inputs.map((v, i) =>
    i >= numConsts && i < numConsts + numCarry ? keepOut[i - numConsts] : used.has(v),
  );
  if (keepOut.every(Boolean) && keepIn.every(Boolean)) {
    const same =
      body.equations.length === params.body.equations.length &&
      body.equations.every((e, i) => e === params.body.equations[i]);
    return same ? equation : { ...equation, params: { ...params, body } };
  }
  const count = (flags: readonly boolean[], from: number, to: number): number =>
    flags.slice(from, to).filter(Boolean).length;
  return {
    ...equation,
    params: {
      ...params,
      body: new Graph(
        body.name,
        inputs.filter((_, i) => keepIn[i]),
        body.equations,
        body.outputs,
      ),
      numConsts: count(keepIn, 0, numConsts),
      numCarry: count(keepIn, numConsts, numConsts + numCarry),
    },
    inputs: equation.inputs.filter((_, i) => keepIn[i]),
    outputs: equation.outputs.filter((_, i) => keepOut[i]),
  };
}

export const eliminateDeadCode: GraphPass = { name: "dead_code", run: eliminate };
