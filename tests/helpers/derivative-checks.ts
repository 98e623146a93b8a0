/**
 * Checks of graph transformations against their definitions, in double precision: tangents against finite
 * differences, cotangents against ⟨Jv, w⟩ = ⟨v, Jᵀw⟩, batched graphs against a loop.
 */
import assert from "node:assert/strict";
import { Graph, type Operand } from "../../compiler/graph/graph.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import {
  batchGraph,
  jvpGraph,
  linearizeGraph,
  valueAndGradGraph,
  vjpGraph,
} from "../../compiler/transforms/index.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { rowMajorStrides, type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";

/** A seeded generator of numbers in [0, 1): mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Floats in (-1, 1), integers 0 … 2. */
export function randomTensor(type: TensorType, random: () => number): RefTensor {
  const draw = isFloating(type.dtype)
    ? () => 2 * random() - 1
    : () => Math.floor(random() * (type.dtype === "bool" ? 2 : 3));
  return { type, data: Float64Array.from({ length: type.size }, draw) };
}

export function randomInputs(graph: Graph, random: () => number): RefTensor[] {
  return graph.inputs.map((v) => randomTensor(v.type, random));
}

export function floatingInputs(graph: Graph): boolean[] {
  return graph.inputs.map((v) => isFloating(v.type.dtype));
}

/** Every equation, in sub-graphs too, has the types its operation infers, and uses only what is defined before. */
export function checkGraph(graph: Graph): void {
  const defined = new Set<Operand>(graph.inputs);
  const isDefined = (x: Operand): boolean => x.kind === "literal" || defined.has(x);
  for (const equation of graph.equations) {
    assert.ok(equation.inputs.every(isDefined), `@${graph.name}: ${equation.op} uses an undefined value`);
    const types = primitiveOf(equation.op).infer(
      equation.inputs.map((x) => x.type),
      equation.params,
    );
    assert.deepEqual(
      equation.outputs.map((v) => v.type.text),
      types.map((t) => t.text),
      `@${graph.name}: ${equation.op}`,
    );
    for (const v of equation.outputs) {
      assert.ok(!defined.has(v), `@${graph.name}: a value is defined twice`);
      defined.add(v);
    }
    for (const sub of Object.values(equation.params).flat()) {
      if (sub instanceof Graph) checkGraph(sub);
    }
  }
  assert.ok(graph.outputs.every(isDefined), `@${graph.name} returns an undefined value`);
}

export function run(graph: Graph, inputs: readonly RefTensor[]): RefTensor[] {
  checkGraph(graph);
  return interpretGraph(graph, inputs);
}

export function dot(x: readonly RefTensor[], y: readonly RefTensor[]): number {
  let sum = 0;
  for (const [i, { data }] of x.entries())
    for (let k = 0; k < data.length; k++) sum += data[k] * y[i].data[k];
  return sum;
}

export function assertClose(
  got: readonly RefTensor[],
  wanted: readonly RefTensor[],
  tolerance: number,
  what: string,
): void {
  assert.equal(got.length, wanted.length, what);
  for (const [i, x] of got.entries()) {
    assert.equal(x.type.text, wanted[i].type.text, `${what}: type of result ${i}`);
    for (let k = 0; k < x.data.length; k++) {
      assertNumberClose(x.data[k], wanted[i].data[k], tolerance, `${what}: result ${i}, element ${k}`);
    }
  }
}

export function assertNumberClose(got: number, wanted: number, tolerance: number, what: string): void {
  const allowed = tolerance * Math.max(1, Math.abs(wanted));
  assert.ok(Math.abs(got - wanted) <= allowed, `${what}: got ${got}, expected ${wanted}`);
}

function moved(x: RefTensor, v: RefTensor, step: number): RefTensor {
  return { type: x.type, data: x.data.map((e, k) => e + step * v.data[k]) };
}

/** Central difference of the graph's floating outputs along `direction` (one tensor per floating input). */
export function finiteDifference(
  graph: Graph,
  inputs: readonly RefTensor[],
  direction: readonly RefTensor[],
): RefTensor[] {
  const step = 1e-5;
  const at = (s: number): RefTensor[] => {
    let next = 0;
    return interpretGraph(
      graph,
      inputs.map((x) => (isFloating(x.type.dtype) ? moved(x, direction[next++], s) : x)),
    );
  };
  const [low, high] = [at(-step), at(step)];
  return high.flatMap((y, i) =>
    isFloating(y.type.dtype)
      ? [{ type: y.type, data: y.data.map((e, k) => (e - low[i].data[k]) / (2 * step)) }]
      : [],
  );
}

const FINITE_DIFFERENCE_TOLERANCE = 2e-6;
const EXACT = 1e-10;

/** Spreads tangents of some outputs over all floating outputs, zeros elsewhere. */
function spread(graph: Graph, outNonzero: readonly boolean[], tangents: readonly RefTensor[]): RefTensor[] {
  let next = 0;
  return graph.outputs.flatMap(({ type }, i) => {
    if (!isFloating(type.dtype)) return [];
    return [outNonzero[i] ? tangents[next++] : { type, data: new Float64Array(type.size) }];
  });
}

export function checkForward(graph: Graph, inputs: readonly RefTensor[], random: () => number): void {
  const nonzero = floatingInputs(graph);
  const direction = inputs.filter((_, i) => nonzero[i]).map((x) => randomTensor(x.type, random));
  const jvp = jvpGraph(graph, nonzero);
  const results = run(jvp.graph, [...inputs, ...direction]);
  const n = graph.outputs.length;
  assertClose(results.slice(0, n), run(graph, inputs), EXACT, "primal outputs of jvp");
  assertClose(
    spread(graph, jvp.outNonzero, results.slice(n)),
    finiteDifference(graph, inputs, direction),
    FINITE_DIFFERENCE_TOLERANCE,
    "jvp against finite differences",
  );
}

export function checkLinearize(graph: Graph, inputs: readonly RefTensor[], random: () => number): void {
  const nonzero = floatingInputs(graph);
  const direction = inputs.filter((_, i) => nonzero[i]).map((x) => randomTensor(x.type, random));
  const { primal, linear, outNonzero } = linearizeGraph(graph, nonzero);
  const n = graph.outputs.length;
  const results = run(primal, inputs);
  assertClose(results.slice(0, n), run(graph, inputs), EXACT, "primal outputs of linearize");
  const tangents = run(linear, [...results.slice(n), ...direction]);
  assertClose(
    spread(graph, outNonzero, tangents),
    finiteDifference(graph, inputs, direction),
    FINITE_DIFFERENCE_TOLERANCE,
    "linearize against finite differences",
  );
}

export function checkReverse(graph: Graph, inputs: readonly RefTensor[], random: () => number): void {
  const nonzero = floatingInputs(graph);
  const direction = inputs.filter((_, i) => nonzero[i]).map((x) => randomTensor(x.type, random));
  const vjp = vjpGraph(graph, nonzero);
  const n = graph.outputs.length;
  const results = run(vjp.forward, inputs);
  assertClose(results.slice(0, n), run(graph, inputs), EXACT, "primal outputs of vjp");
  const cotangents = graph.outputs
    .filter((_, i) => vjp.outNonzero[i])
    .map((x) => randomTensor(x.type, random));
  const found = run(vjp.backward, [...results.slice(n), ...cotangents]);
  assert.equal(found.length, direction.length);
  const expected = dot(finiteDifference(graph, inputs, direction), spread(graph, vjp.outNonzero, cotangents));
  assertNumberClose(dot(found, direction), expected, 10 * FINITE_DIFFERENCE_TOLERANCE, "⟨Jv, w⟩ = ⟨v, Jᵀw⟩");
}

/** Element `at` of a tensor along an axis. */
function take(x: RefTensor, axis: number, at: number): RefTensor {
  const shape = x.type.shape.filter((_, i) => i !== axis);
  const type = tensorType(x.type.dtype, shape);
  const strides = rowMajorStrides(x.type.shape);
  const kept = strides.filter((_, i) => i !== axis);
  const own = rowMajorStrides(shape);
  const data = new Float64Array(type.size);
  for (let k = 0; k < data.length; k++) {
    let from = at * strides[axis];
    for (let d = 0; d < shape.length; d++) from += (Math.floor(k / own[d]) % shape[d]) * kept[d];
    data[k] = x.data[from];
  }
  return { type, data };
}

/** Batches the graph over random axes of random inputs and compares with a loop. */
export function checkBatch(graph: Graph, random: () => number, size = 3): void {
  const dims: (number | null)[] = graph.inputs.map(({ type }) =>
    random() < 0.3 ? null : Math.floor(random() * (type.shape.length + 1)),
  );
  if (!dims.some((d) => d !== null)) dims[0] = 0;
  const batched = batchGraph(graph, size, dims);
  const inputs = randomInputs(batched.graph, random);
  const results = run(batched.graph, inputs);
  for (let at = 0; at < size; at++) {
    const element = inputs.map((x, i) => {
      const dim = dims[i];
      return dim === null ? x : take(x, dim, at);
    });
    const got = results.map((y, i) => {
      const dim = batched.outDims[i];
      return dim === null ? y : take(y, dim, at);
    });
    assertClose(got, run(graph, element), EXACT, `element ${at} of the batch`);
  }
}

/** A scalar function of a graph's floating outputs: their sum with fixed weights. */
export function scalarize(graph: Graph): Graph {
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
