/** Values and gradients of primitives made by JAX: tests/golden. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PrimitiveName } from "../compiler/graph/names.ts";
import type { PrimitiveParams } from "../compiler/graph/operations.ts";
import type { RefTensor } from "../compiler/graph/reference.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { isFloating } from "../compiler/types/dtype.ts";
import { assertClose } from "./helpers/compare.ts";
import { GoldenContainer, type StoredArray } from "./helpers/golden-container.ts";
import { evaluate, execute, graphOf, pullback } from "./helpers/graphs.ts";

type Container = GoldenContainer<{
  readonly versions: { readonly jax: string };
  readonly cases: GoldenCase[];
}>;

type GoldenCase = {
  readonly [N in PrimitiveName]: {
    readonly name: N;
    readonly params: PrimitiveParams[N];
    readonly inputs: readonly StoredArray[];
    readonly outputs: readonly StoredArray[];
    readonly cotangents?: readonly StoredArray[];
    /** Of the floating inputs. */
    readonly gradients?: readonly StoredArray[];
  };
}[PrimitiveName];

function tensors(container: Container, given: readonly StoredArray[]): RefTensor[] {
  return given.map((stored) => {
    const [dtype, shape] = stored.a;
    return refTensor(dtype, [...shape], [...container.array(stored).dataSync()]);
  });
}

/** Elements within the tolerance of the greatest finite one. */
function assertNear(
  actual: readonly RefTensor[],
  expected: readonly RefTensor[],
  tolerance: number,
  what: string,
): void {
  for (const [i, want] of expected.entries()) {
    const greatest = want.data.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 1);
    assertClose([actual[i]], [want], { absolute: tolerance * greatest }, what);
  }
  assert.equal(actual.length, expected.length);
}

/** Results bit for bit: a sort may not turn -0 into 0. */
function assertSame(actual: readonly RefTensor[], expected: readonly RefTensor[], what: string): void {
  assertClose(actual, expected, {}, what);
  for (const [i, { data }] of expected.entries()) {
    for (const [j, x] of data.entries()) {
      assert.ok(Object.is(actual[i].data[j], x), `${what}: result ${i}, element ${j}: sign of zero`);
    }
  }
}

function check<N extends PrimitiveName>(
  name: N,
  params: PrimitiveParams[N],
  container: Container,
  golden: Pick<GoldenCase, "inputs" | "outputs" | "cotangents" | "gradients">,
  exact: boolean,
): void {
  const inputs = tensors(container, golden.inputs);
  const types = inputs.map((x) => x.type);
  const outputs = tensors(container, golden.outputs);
  for (const [by, results] of [
    ["oracle", evaluate(name, inputs, params)],
    ["kernels", execute(name, inputs, params)],
  ] as const) {
    if (exact) assertSame(results, outputs, by);
    else assertNear(results, outputs, 1e-12, by);
  }
  if (golden.cotangents === undefined || golden.gradients === undefined) return;
  const graph = graphOf(name, types, params);
  const nonzero = types.map((t) => isFloating(t.dtype));
  const gradients = pullback(graph, inputs, tensors(container, golden.cotangents), nonzero);
  assertNear(gradients, tensors(container, golden.gradients), 1e-11, "gradient");
}

function testFamily(
  family: string,
  { exact, least }: { exact: boolean; least: Record<string, number> },
): void {
  const container: Container = new GoldenContainer(family);
  const { versions, cases } = container.header;
  describe(`${family} of JAX ${versions.jax}`, () => {
    for (const [i, golden] of cases.entries()) {
      test(`${golden.name}, case ${i}`, () => check(golden.name, golden.params, container, golden, exact));
    }
    test("has cases of every operation", () => {
      for (const [name, count] of Object.entries(least)) {
        assert.ok(cases.filter((c) => c.name === name).length >= count, name);
      }
    });
  });
}

testFamily("indexing", {
  exact: true,
  least: {
    gather: 8,
    scatter: 4,
    scatter_add: 4,
    scatter_max: 3,
    scatter_min: 2,
    scatter_mul: 2,
    sort: 5,
    threefry2x32: 1,
    pad: 6,
    dynamic_slice: 4,
    dynamic_update_slice: 4,
  },
});
testFamily("reduction-window-contraction", {
  exact: false,
  least: {
    reduce_prod: 2,
    reduce_max: 2,
    reduce_min: 2,
    argmax: 2,
    argmin: 2,
    cumsum: 2,
    cumprod: 2,
    cummax: 2,
    cummin: 2,
    cumlogsumexp: 2,
    reduce_window_sum: 2,
    reduce_window_prod: 2,
    reduce_window_max: 2,
    reduce_window_min: 2,
    dot_general: 5,
    conv_general_dilated: 10,
  },
});
