/** Values and gradients made by JAX: tests/golden/indexing.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { PrimitiveName } from "../compiler/graph/names.ts";
import type { PrimitiveParams } from "../compiler/graph/operations.ts";
import type { RefTensor } from "../compiler/graph/reference.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { linearizeGraph, transposeGraph } from "../compiler/transforms/index.ts";
import { type DType, isFloating } from "../compiler/types/dtype.ts";
import { root } from "./helpers/paths.ts";
import { apply, assertTensors, graphOf, runLowered } from "./helpers/rule-checks.ts";

interface GoldenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

type GoldenCase = {
  readonly [N in PrimitiveName]: {
    readonly name: N;
    readonly params: PrimitiveParams[N];
    readonly inputs: readonly GoldenTensor[];
    readonly outputs: readonly GoldenTensor[];
    readonly cotangents?: readonly GoldenTensor[];
    readonly gradients?: readonly GoldenTensor[];
  };
}[PrimitiveName];

/** Python's spellings of the numbers that JavaScript spells differently. */
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ["inf", Infinity],
  ["-inf", -Infinity],
  ["nan", NaN],
]);

function tensors(given: readonly GoldenTensor[]): RefTensor[] {
  return given.map(({ dtype, shape, data }) =>
    refTensor(
      dtype,
      shape,
      data.map((text) => SPECIAL.get(text) ?? Number(text)),
    ),
  );
}

/** Results bit for bit: a sort may not turn -0 into 0. */
function assertSame(actual: readonly RefTensor[], expected: readonly RefTensor[], what: string): void {
  assertTensors(actual, expected, what);
  for (const [i, { data }] of expected.entries()) {
    for (const [j, x] of data.entries()) {
      assert.ok(Object.is(actual[i].data[j], x), `${what}: result ${i}, element ${j}: sign of zero`);
    }
  }
}

function check<N extends PrimitiveName>(
  name: N,
  params: PrimitiveParams[N],
  golden: Pick<GoldenCase, "inputs" | "outputs" | "cotangents" | "gradients">,
): void {
  const inputs = tensors(golden.inputs);
  const types = inputs.map((x) => x.type);
  const outputs = tensors(golden.outputs);
  assertSame(apply(name, inputs, params), outputs, `${name}, reference`);
  assertSame(runLowered(name, inputs, params), outputs, `${name}, lowered`);
  if (golden.cotangents === undefined || golden.gradients === undefined) return;
  const graph = graphOf(name, types, params);
  const nonzero = types.map((t) => isFloating(t.dtype));
  const force = graph.outputs.map((x) => isFloating(x.type.dtype));
  const { primal, linear, residuals } = linearizeGraph(graph, nonzero, force);
  const saved = interpretGraph(primal, inputs).slice(graph.outputs.length);
  const isLinear = linear.inputs.map((_, i) => i >= residuals);
  const gradients = interpretGraph(transposeGraph(linear, isLinear), [
    ...saved,
    ...tensors(golden.cotangents),
  ]);
  assertTensors(gradients, tensors(golden.gradients), `${name}, gradient`, 1e-12);
}

const { jax, cases }: { jax: string; cases: GoldenCase[] } = JSON.parse(
  readFileSync(path.join(root, "tests/golden/indexing.json"), "utf8"),
);

for (const [i, golden] of cases.entries()) {
  test(`${golden.name} equals JAX ${jax}, case ${i}`, () => check(golden.name, golden.params, golden));
}
