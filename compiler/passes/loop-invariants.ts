/**
 * Moves work that is the same in every iteration out of scan and while bodies. Only work that pays: an operation
 * that computes something, whose result is no larger than what it reads (a broadcast is better repeated as an index).
 */
import { type Equation, Graph, type Operand, type Params, Value } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import { primitiveOf } from "../primitives/table.ts";
import { bytesOf } from "../types/tensor-type.ts";
import type { GraphPass } from "./pass.ts";
import { mapSubgraphs } from "./rewrite.ts";

function pays(equation: Equation): boolean {
  const { lower } = primitiveOf(equation.op);
  if (lower.kind === "structure" || equation.op === "optimization_barrier") return false;
  if (lower.kind === "map" && lower.cost === "movement") return equation.op === "constant";
  const read = equation.inputs.reduce((n, x) => n + bytesOf(x.type), 0);
  const written = equation.outputs.reduce((n, v) => n + bytesOf(v.type), 0);
  return written <= read;
}

interface Hoisted {
  readonly body: Graph;
  /** Equations to run before the loop, over the loop's own constant operands. */
  readonly before: Equation[];
  /** Values of `before` that the body reads, in the order of its new leading inputs. */
  readonly extra: Value[];
}

/** Splits a loop body whose first `numConsts` inputs do not change. `operands` are what the loop passes for them. */
function hoist(body: Graph, numConsts: number, operands: readonly Operand[]): Hoisted | null {
  const outside = new Map<Operand, Operand>();
  for (let i = 0; i < numConsts; i++) outside.set(body.inputs[i], operands[i]);
  const invariant = (x: Operand): boolean => !(x instanceof Value) || outside.has(x);
  const before: Equation[] = [];
  const hoisted = new Map<Value, Value>();
  const kept: Equation[] = [];
  for (const equation of body.equations) {
    if (!equation.inputs.every(invariant) || !pays(equation)) {
      kept.push(equation);
      continue;
    }
    const outputs = equation.outputs.map((v) => new Value(v.type, v.hint));
    before.push({ ...equation, inputs: equation.inputs.map((x) => outside.get(x) ?? x), outputs });
    for (const [i, v] of equation.outputs.entries()) {
      outside.set(v, outputs[i]);
      hoisted.set(v, outputs[i]);
    }
  }
  if (before.length === 0) return null;
  const used = new Set<Operand>([...kept.flatMap((e) => e.inputs), ...body.outputs]);
  const passed = [...hoisted].filter(([inner]) => used.has(inner));
  const inputs = [...passed.map(([inner]) => inner), ...body.inputs];
  return {
    body: new Graph(body.name, inputs, kept, body.outputs),
    before,
    extra: passed.map(([, outer]) => outer),
  };
}

function hoistFrom(graph: Graph): Graph {
  const equations: Equation[] = [];
  let changed = false;
  for (const original of graph.equations) {
    const params = mapSubgraphs(original.params, hoistFrom);
    const equation = params === original.params ? original : { ...original, params };
    if (equation !== original) changed = true;
    const lifted = lift(equation, equations);
    if (lifted !== equation) changed = true;
    equations.push(lifted);
  }
  return changed ? new Graph(graph.name, graph.inputs, equations, graph.outputs) : graph;
}

function lift(equation: Equation, before: Equation[]): Equation {
  if (isOp(equation, "scan")) {
    if (equation.params.length < 2) return equation;
    const result = hoist(equation.params.body, equation.params.numConsts, equation.inputs);
    if (result === null) return equation;
    before.push(...result.before);
    const params: Params = {
      ...equation.params,
      body: result.body,
      numConsts: equation.params.numConsts + result.extra.length,
    };
    return { ...equation, params, inputs: [...result.extra, ...equation.inputs] };
  }
  if (isOp(equation, "while")) {
    const { condConsts, bodyConsts } = equation.params;
    const result = hoist(equation.params.body, bodyConsts, equation.inputs.slice(condConsts));
    if (result === null) return equation;
    before.push(...result.before);
    const params: Params = {
      ...equation.params,
      body: result.body,
      bodyConsts: bodyConsts + result.extra.length,
    };
    const inputs = [
      ...equation.inputs.slice(0, condConsts),
      ...result.extra,
      ...equation.inputs.slice(condConsts),
    ];
    return { ...equation, params, inputs };
  }
  return equation;
}

export const hoistLoopInvariants: GraphPass = { name: "loop_invariants", run: hoistFrom };
