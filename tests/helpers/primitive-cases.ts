/** A primitive's rules against each other on every configuration of its `test` entry, and against JAX's numbers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";
import type { TestDomain } from "../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { refTensor } from "../../compiler/interpret/tensors.ts";
import { roundTo } from "../../compiler/kernel/constants.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import { vjpGraph } from "../../compiler/transforms/index.ts";
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import {
  checkBatch,
  checkForward,
  checkReverse,
  gradientGraph,
  randomNumbers,
  run,
} from "./derivative-checks.ts";
import { root } from "./paths.ts";
import { runLowering } from "./run-lowering.ts";

/** One operation as a graph of its operands. */
export function singleOp<N extends PrimitiveName>(
  name: N,
  types: readonly TensorType[],
  params: PrimitiveParams[N],
): Graph {
  const b = new GraphBuilder();
  const inputs = types.map((type) => b.input(type));
  return b.finish(name, b.emit(name, inputs, params));
}

/** The reference meaning of one operation. */
export function evaluate<N extends PrimitiveName>(
  name: N,
  inputs: readonly RefTensor[],
  params: PrimitiveParams[N],
): RefTensor {
  const types = inputs.map((x) => x.type);
  return interpretGraph(singleOp(name, types, params), inputs)[0];
}

function draw(type: TensorType, domain: TestDomain | undefined, random: () => number): RefTensor {
  const { kind, min, max } = DTYPE_INFO[type.dtype];
  const one = (): number => {
    if (kind === "bool") return random() < 0.5 ? 0 : 1;
    if (kind !== "float") {
      return domain === "any" ? Math.floor(min + random() * (max - min + 1)) : Math.floor(random() * 5);
    }
    if (domain === "smallInt") return Math.floor(random() * 5) - 2;
    if (domain === "positive") return 0.1 + 2 * random();
    if (typeof domain === "object") return domain[0] + (domain[1] - domain[0]) * random();
    return 4 * random() - 2;
  };
  return { type, data: Float64Array.from({ length: type.size }, () => roundTo(one(), type.dtype)) };
}

/** Elements agree to `tolerance` relative to the greatest finite magnitude expected (at least 1); NaN equals NaN. */
export function assertNear(got: RefTensor, want: RefTensor, tolerance: number, what: string): void {
  assert.equal(got.type.text, want.type.text, what);
  const scale = want.data.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 1);
  for (const [i, w] of want.data.entries()) {
    const g = got.data[i];
    if (g === w || Object.is(g, w) || Math.abs(g - w) <= tolerance * scale) continue;
    assert.fail(`${what}: element ${i} is ${g}, not ${w}`);
  }
}

const ROUNDING: Partial<Record<DType, number>> = { float16: 4e-3, float32: 4e-6, float64: 1e-13 };

/** Lowering against reference for every case; derivatives and batching for those in double precision. */
export function checkCases(name: PrimitiveName, { second = false } = {}): void {
  const { test, evaluate: meaning } = primitiveOf(name);
  const random = randomNumbers(1);
  const cases = test.cases ?? [];
  assert.ok(cases.length > 0, `${name} has test cases`);
  for (const { inputs: specs, params } of cases) {
    const types = specs.map(({ shape, dtype }) => tensorType(dtype, shape));
    const what = `${name}(${types.map((t) => t.text).join(", ")}) ${JSON.stringify(params)}`;
    try {
      const inputs = specs.map(({ domain }, i) => draw(types[i], domain, random));
      const p = params as PrimitiveParams[PrimitiveName];
      const [want] = meaning(inputs, p, { run: interpretGraph });
      const { type } = want;
      const rounded = { type, data: want.data.map((x) => roundTo(x, type.dtype)) };
      assertNear(runLowering(name, inputs, p)[0], rounded, ROUNDING[type.dtype] ?? 0, "lowering");
      const double = types.every(({ dtype }) => dtype === "float64");
      const graph = singleOp(name, types, p);
      if (double) {
        checkForward(graph, inputs, random);
        checkReverse(graph, inputs, random);
        if (second && types.every(({ size }) => size < 100)) {
          checkForward(gradientGraph(graph), inputs, random);
        }
      }
      if (double || types[0].dtype === "bool")
        for (let i = 0; i < types.length + 1; i++) checkBatch(graph, random, 2);
      if (double) checkBatch(graph, random, 1);
    } catch (error) {
      if (error instanceof Error) error.message = `${what}\n${error.message}`;
      throw error;
    }
  }
}

type Encoded = { dtype: DType; shape: number[]; data: (number | "NaN" | "Infinity" | "-Infinity")[] };
interface GoldenCase {
  readonly op: PrimitiveName;
  readonly params: PrimitiveParams[PrimitiveName];
  readonly inputs: readonly Encoded[];
  readonly output: Encoded;
  readonly ct?: Encoded;
  readonly cotangents?: readonly Encoded[];
}

function decode({ dtype, shape, data }: Encoded): RefTensor {
  return refTensor(dtype, shape, data.map(Number));
}

/** Results and cotangents against those that JAX gave (`tests/golden`); returns how many cases there were. */
export function checkGolden(op: PrimitiveName): number {
  const file = path.join(root, "tests/golden/reduction-window-contraction.json");
  const golden: { cases: GoldenCase[] } = JSON.parse(readFileSync(file, "utf8"));
  const cases = golden.cases.filter((c) => c.op === op);
  for (const { params, inputs: encoded, output, ct, cotangents } of cases) {
    const inputs = encoded.map(decode);
    const types = inputs.map((x) => x.type);
    const what = `${op}(${types.map((t) => t.text).join(", ")}) ${JSON.stringify(params)}`;
    const graph = singleOp(op, types, params);
    assertNear(run(graph, inputs)[0], decode(output), 1e-12, what);
    if (!ct || !cotangents) continue;
    const { forward, backward } = vjpGraph(
      graph,
      inputs.map(() => true),
    );
    const residuals = run(forward, inputs).slice(1);
    const got = run(backward, [...residuals, decode(ct)]);
    for (const [i, want] of cotangents.entries())
      assertNear(got[i], decode(want), 1e-11, `cotangent ${i} of ${what}`);
  }
  return cases.length;
}
