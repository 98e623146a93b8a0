/**
 * Checks of graph transformations against their definitions, in double precision: tangents against finite
 * differences, cotangents against ⟨Jv, w⟩ = ⟨v, Jᵀw⟩.
 */
import assert from "node:assert/strict";
import { Graph } from "../../compiler/graph/graph.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { jvpGraph, linearizeGraph, valueAndGradGraph, vjpGraph } from "../../compiler/transforms/index.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { assertClose } from "./compare.ts";
import { run } from "./graphs.ts";
import type { Random } from "./random.ts";
import { randomTensor } from "./tensors.ts";

/** For central differences: truncation and rounding are both about 1e-10 of values about 1. */
const STEP = 1e-5;
const DIFFERENCE = { relative: 2e-6 };
const EXACT = { relative: 1e-10 };

export function floatingInputs(graph: Graph): boolean[] {
  return graph.inputs.map((v) => isFloating(v.type.dtype));
}

function dot(x: readonly RefTensor[], y: readonly RefTensor[]): number {
  let sum = 0;
  for (const [i, { data }] of x.entries()) {
    for (let k = 0; k < data.length; k++) sum += data[k] * y[i].data[k];
  }
  return sum;
}

function greatest(tensors: readonly RefTensor[]): number {
  let most = 1;
  for (const { data } of tensors) for (const x of data) most = Math.max(most, Math.abs(x));
  return most;
}

/** A point and a direction in the inputs that have tangents. */
export interface Point {
  readonly graph: Graph;
  readonly inputs: readonly RefTensor[];
  readonly nonzero: readonly boolean[];
  readonly direction: readonly RefTensor[];
}

/** A point with a random direction, in all floating inputs unless `nonzero` says otherwise. */
export function pointOf(
  graph: Graph,
  inputs: readonly RefTensor[],
  random: Random,
  nonzero: readonly boolean[] = floatingInputs(graph),
): Point {
  const direction = inputs.filter((_, i) => nonzero[i]).map((x) => randomTensor(random, x.type, [-1, 1]));
  return { graph, inputs, nonzero, direction };
}

/** Central difference of the floating outputs. What is equal on both sides, as infinities and NaN may be, is constant. */
function finiteDifference({ graph, inputs, nonzero, direction }: Point): RefTensor[] {
  const at = (step: number): RefTensor[] => {
    let next = 0;
    return interpretGraph(
      graph,
      inputs.map((x, i) => {
        if (!nonzero[i]) return x;
        const { data } = direction[next++];
        return { type: x.type, data: x.data.map((e, k) => e + step * data[k]) };
      }),
    );
  };
  const [low, high] = [at(-STEP), at(STEP)];
  return high.flatMap(({ type, data }, i) => {
    if (!isFloating(type.dtype)) return [];
    const slope = (y: number, k: number): number =>
      Object.is(y, low[i].data[k]) ? 0 : (y - low[i].data[k]) / (2 * STEP);
    return [{ type, data: data.map(slope) }];
  });
}

/** Spreads tangents of some outputs over all floating outputs, zeros elsewhere. */
function spread(graph: Graph, outNonzero: readonly boolean[], tangents: readonly RefTensor[]): RefTensor[] {
  let next = 0;
  return graph.outputs.flatMap(({ type }, i) => {
    if (!isFloating(type.dtype)) return [];
    return [outNonzero[i] ? tangents[next++] : { type, data: new Float64Array(type.size) }];
  });
}

/** Rounding of the values shows in their differences. */
function tolerance(values: readonly RefTensor[]) {
  return { ...DIFFERENCE, absolute: 1e-10 * greatest(values.filter((x) => x.data.every(Number.isFinite))) };
}

/** jvp: values, and tangents against finite differences. Returns the tangents and which outputs have them. */
export function checkForward(point: Point): { tangents: RefTensor[]; outNonzero: readonly boolean[] } {
  const { graph, inputs, nonzero, direction } = point;
  const jvp = jvpGraph(graph, nonzero);
  const results = run(jvp.graph, [...inputs, ...direction]);
  const n = graph.outputs.length;
  const values = run(graph, inputs);
  assertClose(results.slice(0, n), values, EXACT, "primal outputs of jvp");
  const tangents = results.slice(n);
  assertClose(
    spread(graph, jvp.outNonzero, tangents),
    finiteDifference(point),
    tolerance(values),
    "jvp against finite differences",
  );
  return { tangents, outNonzero: jvp.outNonzero };
}

/** linearize: values, and tangents against finite differences. */
export function checkLinearize(point: Point): void {
  const { graph, inputs, nonzero, direction } = point;
  const { primal, linear, outNonzero } = linearizeGraph(graph, nonzero);
  const n = graph.outputs.length;
  const results = run(primal, inputs);
  const values = run(graph, inputs);
  assertClose(results.slice(0, n), values, EXACT, "primal outputs of linearize");
  const tangents = run(linear, [...results.slice(n), ...direction]);
  assertClose(
    spread(graph, outNonzero, tangents),
    finiteDifference(point),
    tolerance(values),
    "linearize against finite differences",
  );
}

/**
 * vjp: values, and ⟨Jv, w⟩ = ⟨v, Jᵀw⟩ for random w. Jv is what `forward` gives, which finds the same outputs to depend
 * on the inputs; without it, finite differences.
 */
export function checkReverse(
  point: Point,
  random: Random,
  forward: ReturnType<typeof checkForward> | null = null,
): void {
  const { graph, inputs, nonzero, direction } = point;
  const vjp = vjpGraph(graph, nonzero);
  const n = graph.outputs.length;
  const results = run(vjp.forward, inputs);
  assertClose(results.slice(0, n), run(graph, inputs), EXACT, "primal outputs of vjp");
  assert.equal(results.length - n, vjp.residuals);
  const cotangents = graph.outputs
    .filter((_, i) => vjp.outNonzero[i])
    .map((x) => randomTensor(random, x.type, [-1, 1]));
  const found = run(vjp.backward, [...results.slice(n), ...cotangents]);
  assert.equal(found.length, direction.length);
  if (forward !== null) assert.deepEqual(vjp.outNonzero, forward.outNonzero, "outputs that have a tangent");
  const moved = forward?.tangents ?? finiteDifference(point);
  const weights = forward === null ? spread(graph, vjp.outNonzero, cotangents) : cotangents;
  const terms = moved.reduce((n, x) => n + x.data.length, 1);
  const size = greatest([...moved, ...found]) * terms;
  const allowed = forward === null ? 1e-5 * greatest(moved) * terms : 1e-10 * size;
  const [left, right] = [dot(moved, weights), dot(found, direction)];
  assert.ok(Math.abs(left - right) <= allowed, `⟨Jv, w⟩ is ${left}, ⟨v, Jᵀw⟩ is ${right}`);
}

/** A scalar function of a graph's floating outputs: their sum with fixed weights. */
function scalarize(graph: Graph): Graph {
  const b = new GraphBuilder();
  const inputs = graph.inputs.map((v) => b.input(v.type, v.hint));
  let total = b.literal(0, "float64");
  for (const [i, x] of b.inline(graph, inputs).entries()) {
    if (!isFloating(x.type.dtype)) continue;
    const axes = x.type.shape.map((_, axis) => axis);
    total = b.add(total, b.sum(b.mul(x, b.like(x, 0.7 + 0.4 * i)), axes));
  }
  return b.finish(`${graph.name}_sum`, [total]);
}

/** The gradients alone: inputs → gradient of every floating input. */
export function gradientGraph(graph: Graph): Graph {
  const { name, inputs, equations, outputs } = valueAndGradGraph(scalarize(graph), floatingInputs(graph));
  return new Graph(name, inputs, equations, outputs.slice(1));
}
