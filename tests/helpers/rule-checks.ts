/**
 * Checks of one primitive's rules against each other, for one configuration: its lowering against its reference, its
 * derivative against finite differences, the transpose against the derivative, batching against a loop.
 */
import assert from "node:assert/strict";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";
import { Absent, type Access, type TestCase, type TestDomain } from "../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { runKernel } from "../../compiler/interpret/kernel-interpreter.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { roundTo } from "../../compiler/kernel/constants.ts";
import type { BufferAccess, BufferParam, Expr } from "../../compiler/kernel/expr.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { primitiveOf, primitives } from "../../compiler/primitives/table.ts";
import { batchGraph, jvpGraph, linearizeGraph, transposeGraph } from "../../compiler/transforms/index.ts";
import { DTYPE_INFO, isFloating } from "../../compiler/types/dtype.ts";
import { rowMajorStrides, type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";

export type Random = () => number;

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function draw(random: Random, type: TensorType, domain: TestDomain): number {
  const { kind, min, max } = DTYPE_INFO[type.dtype];
  if (kind === "bool") return random() < 0.5 ? 0 : 1;
  if (typeof domain === "object") {
    const [low, high] = domain;
    const x =
      kind === "float" ? low + random() * (high - low) : Math.floor(low + random() * (high - low + 1));
    return roundTo(x, type.dtype);
  }
  if (kind !== "float") {
    return domain === "any"
      ? Math.floor(min + random() * (max - min + 1))
      : roundTo(Math.floor(random() * 19) - 9, type.dtype);
  }
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return roundTo(normal, type.dtype);
}

export function randomTensor(random: Random, type: TensorType, domain: TestDomain = "normal"): RefTensor {
  return { type, data: Float64Array.from({ length: type.size }, () => draw(random, type, domain)) };
}

type Case<N extends PrimitiveName> = TestCase<PrimitiveParams[N]>;

export function typesOf<N extends PrimitiveName>(testCase: Case<N>): TensorType[] {
  return testCase.inputs.map(({ dtype, shape }) => tensorType(dtype, shape));
}

export function inputsOf<N extends PrimitiveName>(random: Random, testCase: Case<N>): RefTensor[] {
  return testCase.inputs.map(({ dtype, shape, domain }) =>
    randomTensor(random, tensorType(dtype, shape), domain),
  );
}

/** A graph of one equation. */
export function graphOf<N extends PrimitiveName>(
  name: N,
  types: readonly TensorType[],
  params: PrimitiveParams[N],
): Graph {
  const b = new GraphBuilder();
  const inputs = types.map((type) => b.input(type));
  return b.finish(name, b.emit(name, inputs, params));
}

/** The operation on reference tensors. */
export function apply<N extends PrimitiveName>(
  name: N,
  inputs: readonly RefTensor[],
  params: PrimitiveParams[N],
): RefTensor[] {
  const types = inputs.map((x) => x.type);
  return interpretGraph(graphOf(name, types, params), inputs);
}

function buffer(
  name: string,
  type: { dtype: TensorType["dtype"]; size: number },
  access: BufferAccess,
): BufferParam {
  return { name, dtype: type.dtype, size: type.size, access };
}

/** Runs a kernel on the buffers of its parameters. */
export type KernelRunner = (kernel: Kernel, memory: readonly DataView[]) => void;

/** Runs the lowering of one operation as a kernel of its own; `inPlace` lets the outputs take over input buffers. */
export function runLowered<N extends PrimitiveName>(
  name: N,
  inputs: readonly RefTensor[],
  params: PrimitiveParams[N],
  { inPlace = false, run = runKernel }: { inPlace?: boolean; run?: KernelRunner } = {},
): RefTensor[] {
  const primitive = primitiveOf(name);
  const types = inputs.map((x) => x.type);
  const outputs = primitive.infer(types, params);
  const context = { params, inputs: types, outputs };
  const { lower } = primitive;
  const taken = new Map(inPlace && lower.kind === "custom" ? lower.inPlace : []);
  const takenInputs = new Set(taken.values());
  const inputBuffers = types.map((type, i) =>
    buffer(`x${i}`, type, takenInputs.has(i) ? "readwrite" : "read"),
  );
  const outputBuffers = outputs.map((type, i) => {
    const input = taken.get(i);
    return input === undefined ? buffer(`out${i}`, type, "readwrite") : inputBuffers[input];
  });
  const scratch = lower.kind === "custom" ? (lower.scratch?.(context) ?? []) : [];
  const scratchBuffers = scratch.map((spec, i) => buffer(`scratch${i}`, spec, "readwrite"));
  const k = new KernelBuilder();
  if (lower.kind === "map") {
    const accesses = types.map((type, i): Access => {
      const strides = rowMajorStrides(type.shape);
      const read = (index: readonly Expr[]): Expr =>
        s.load(
          inputBuffers[i],
          index.reduce((sum, n, axis) => s.add(sum, s.mul(n, s.int(strides[axis]))), s.int(0)),
        );
      return Object.assign(read, { type });
    });
    const strides = rowMajorStrides(outputs[0].shape);
    const nest = (index: readonly Expr[], at: Expr): void => {
      const axis = index.length;
      if (axis === outputs[0].shape.length) {
        const values = lower.element(s, accesses, index, context);
        for (const [i, value] of values.entries()) k.store(outputBuffers[i], at, value);
      } else {
        k.loop(outputs[0].shape[axis], (i) => nest([...index, i], s.add(at, s.mul(i, s.int(strides[axis])))));
      }
    };
    nest([], s.int(0));
  } else {
    assert.equal(lower.kind, "custom");
    if (lower.kind === "custom") {
      lower.build(k, s, { inputs: inputBuffers, outputs: outputBuffers, scratch: scratchBuffers }, context);
    }
  }
  const allBuffers = [...new Set([...inputBuffers, ...outputBuffers, ...scratchBuffers])];
  const memory = new Map(
    allBuffers.map((p) => [p, new Uint8Array(p.size * DTYPE_INFO[p.dtype].bytes).fill(0xa5)]),
  );
  for (const [i, x] of inputs.entries()) memory.get(inputBuffers[i])?.set(toBytes(x));
  const views = allBuffers.map((p) => {
    const bytes = memory.get(p) ?? new Uint8Array();
    return new DataView(bytes.buffer);
  });
  run({ name, params: allBuffers, body: k.finish(), sources: [] }, views);
  return outputs.map((type, i) => fromBytes(type, memory.get(outputBuffers[i]) ?? new Uint8Array()));
}

/** Equal elements: exactly, or within a relative and absolute tolerance; NaN equals NaN. */
export function assertTensors(
  actual: readonly RefTensor[],
  expected: readonly RefTensor[],
  what: string,
  tolerance = 0,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of results`);
  for (const [i, { type, data }] of expected.entries()) {
    assert.equal(actual[i].type.text, type.text, `${what}: type of result ${i}`);
    for (const [j, x] of data.entries()) {
      const y = actual[i].data[j];
      const near = Math.abs(x - y) <= tolerance * (1 + Math.abs(x));
      if (!Object.is(x, y) && x !== y && !near) {
        assert.fail(`${what}: result ${i}, element ${j} is ${y}, not ${x}`);
      }
    }
  }
}

function rounded(tensors: readonly RefTensor[]): RefTensor[] {
  return tensors.map(({ type, data }) => ({ type, data: data.map((x) => roundTo(x, type.dtype)) }));
}

function checkLowering<N extends PrimitiveName>(
  name: N,
  random: Random,
  testCase: Case<N>,
  ulp: number,
): void {
  const inputs = inputsOf(random, testCase);
  const expected = rounded(apply(name, inputs, testCase.params));
  const tolerance = ulp === 0 ? 0 : 1e-6;
  assertTensors(runLowered(name, inputs, testCase.params), expected, `${name} lowered`, tolerance);
  const inPlace = runLowered(name, inputs, testCase.params, { inPlace: true });
  assertTensors(inPlace, expected, `${name} lowered in place`, tolerance);
}

/** Every nonempty subset of the given positions, as masks over `count` positions. */
function subsets(positions: readonly number[], count: number): boolean[][] {
  const out: boolean[][] = [];
  for (let bits = 1; bits < 2 ** positions.length; bits++) {
    const mask = new Array<boolean>(count).fill(false);
    for (const [k, i] of positions.entries()) mask[i] = ((bits >> k) & 1) === 1;
    out.push(mask);
  }
  return out;
}

function dot(xs: readonly RefTensor[], ys: readonly RefTensor[]): number {
  let sum = 0;
  for (const [i, { data }] of xs.entries()) for (const [j, x] of data.entries()) sum += x * ys[i].data[j];
  return sum;
}

/** jvp against central differences, and ⟨J·v, w⟩ = ⟨v, Jᵀ·w⟩, for every set of inputs that have tangents. */
function checkDerivatives<N extends PrimitiveName>(name: N, random: Random, testCase: Case<N>): void {
  const inputs = inputsOf(random, testCase);
  const types = typesOf(testCase);
  const graph = graphOf(name, types, testCase.params);
  const floating = types.flatMap((t, i) => (isFloating(t.dtype) ? [i] : []));
  if (!graph.outputs.some((x) => isFloating(x.type.dtype))) return;
  for (const mask of subsets(floating, types.length)) {
    const what = `${name} with tangents ${mask.map(Number).join("")}`;
    const tangents = types.filter((_, i) => mask[i]).map((t) => randomTensor(random, t));
    const force = graph.outputs.map((x) => isFloating(x.type.dtype));
    const { graph: jvp } = jvpGraph(graph, mask, force);
    const results = interpretGraph(jvp, [...inputs, ...tangents]);
    const outputs = results.slice(0, graph.outputs.length);
    const moved = results.slice(graph.outputs.length);
    assertTensors(outputs, interpretGraph(graph, inputs), `${what}: primal`);
    const step = 1e-6;
    const shifted = (sign: number) => {
      const rest = [...tangents];
      const at = inputs.map((x, i) => {
        if (!mask[i]) return x;
        const [t] = rest.splice(0, 1);
        return { type: x.type, data: x.data.map((v, j) => v + sign * step * t.data[j]) };
      });
      return interpretGraph(graph, at).filter((_, i) => force[i]);
    };
    const after = shifted(1);
    const before = shifted(-1);
    const differences = after.map(({ type, data }, i) => ({
      type,
      data: data.map((x, j) => {
        const difference = (x - before[i].data[j]) / (2 * step);
        // The filler of out-of-bounds elements is NaN and does not move.
        return Number.isNaN(x) ? 0 : difference;
      }),
    }));
    assertTensors(moved, differences, `${what}: jvp`, 1e-7);

    const { primal, linear, residuals } = linearizeGraph(graph, mask, force);
    const all = interpretGraph(primal, inputs);
    const saved = all.slice(graph.outputs.length);
    assert.equal(saved.length, residuals);
    const weights = moved.map((x) => randomTensor(random, x.type));
    const isLinear = linear.inputs.map((_, i) => i >= residuals);
    const transposed = transposeGraph(linear, isLinear);
    const gradients = interpretGraph(transposed, [...saved, ...weights]);
    const forward = dot(moved, weights);
    const backward = dot(tangents, gradients);
    assert.ok(
      Math.abs(forward - backward) <= 1e-9 * (1 + Math.abs(forward)),
      `${what}: ⟨Jv,w⟩ is ${forward}, ⟨v,Jᵀw⟩ is ${backward}`,
    );
  }
}

function sliceOf(x: RefTensor, dim: number, at: number): RefTensor {
  const shape = x.type.shape.filter((_, axis) => axis !== dim);
  const extent = x.type.shape[dim];
  const inner = x.type.shape.slice(dim + 1).reduce((n, e) => n * e, 1);
  const type = tensorType(x.type.dtype, shape);
  const data = Float64Array.from({ length: type.size }, (_, i) => {
    const outer = Math.floor(i / inner);
    return x.data[(outer * extent + at) * inner + (i % inner)];
  });
  return { type, data };
}

/** Batching against a loop, for every set of batched inputs, the batch axis first, last or one of each. */
function checkBatching<N extends PrimitiveName>(
  name: N,
  random: Random,
  testCase: Case<N>,
  size: number,
): void {
  const types = typesOf(testCase);
  const graph = graphOf(name, types, testCase.params);
  const positions = types.map((_, i) => i);
  const masks = subsets(positions, types.length);
  for (const [trial, mask] of [...masks, ...masks].entries()) {
    const dims = mask.map((batched, i) =>
      batched ? [0, types[i].shape.length][(Number(trial < masks.length) + i) % 2] : null,
    );
    const what = `${name} batched at ${dims.map((d) => d ?? "-").join(",")}`;
    const inputs = testCase.inputs.map(({ domain }, i) => {
      const dim = dims[i];
      const shape = [...types[i].shape];
      if (dim !== null) shape.splice(dim, 0, size);
      return randomTensor(random, tensorType(types[i].dtype, shape), domain);
    });
    const { graph: batched, outDims } = batchGraph(graph, size, dims);
    const results = interpretGraph(batched, inputs);
    for (let at = 0; at < size; at++) {
      const one = inputs.map((x, i) => (dims[i] === null ? x : sliceOf(x, dims[i], at)));
      const expected = interpretGraph(graph, one);
      const actual = results.map((x, i) => (outDims[i] === null ? x : sliceOf(x, outDims[i], at)));
      assertTensors(actual, expected, `${what}, example ${at}`, 1e-12);
    }
  }
}

/** All checks over all of a primitive's own test cases. */
export function checkRules<N extends PrimitiveName>(name: N, seed = 1): void {
  const primitive = primitives[name];
  const random = seeded(seed);
  const cases = primitive.test.cases ?? [];
  assert.ok(cases.length > 0, `${name} has no test cases`);
  for (const [i, testCase] of cases.entries()) {
    try {
      checkLowering(name, random, testCase, primitive.test.ulp ?? 1);
      if (!(primitive.jvp instanceof Absent)) checkDerivatives(name, random, testCase);
      checkBatching(name, random, testCase, 3);
      if (i < 3) for (const size of [0, 1]) checkBatching(name, random, testCase, size);
    } catch (error) {
      if (error instanceof Error) error.message = `case ${i} ${JSON.stringify(testCase)}\n${error.message}`;
      throw error;
    }
  }
}
