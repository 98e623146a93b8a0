/** Operations of every kind in a real browser, on both backends, against the double-precision oracle: one page load. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph, Operand } from "../../compiler/graph/graph.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { decodeBase64, encodeBase64 } from "../../compiler/text/base64.ts";
import { printGraph } from "../../compiler/text/index.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { batchesOf, fewerShapes, toleranceOf } from "../generated/batches.ts";
import { graphOfCases, OPERATIONS } from "../generated/cases.ts";
import { assertClose, type Tolerance } from "../helpers/compare.ts";
import { type Body, build } from "../helpers/graphs.ts";
import { Random } from "../helpers/random.ts";
import { randomTensor } from "../helpers/tensors.ts";
import { withModule } from "./chromium.ts";
import type * as Page from "./pages/graphs.ts";

interface Example {
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly RefTensor[];
  readonly tolerance: Tolerance;
}

/** Of each primitive the first case without float64, a matrix and the special values for elementwise ones. */
function primitives(): Example[] {
  return OPERATIONS.flatMap((op): Example[] => {
    for (const batch of batchesOf(op)) {
      const { title, cases, inputs } = fewerShapes(batch, ["5,7"]);
      const graph = graphOfCases(cases);
      if ([...graph.inputs, ...graph.outputs].some(({ type }) => type.dtype === "float64")) continue;
      return [{ title, graph, inputs, tolerance: toleranceOf(cases[0]) }];
    }
    return [];
  });
}

const random = new Random("graphs in Chromium");

function example(
  title: string,
  shapes: readonly (readonly number[])[],
  body: Body,
  absolute = 1e-5,
): Example {
  const inputs = shapes.map((shape) => randomTensor(random, tensorType("float32", shape), [-1, 1]));
  const graph = build(
    inputs.map((x) => x.type),
    body,
  );
  return { title, graph, inputs, tolerance: { ulp: 16, absolute } };
}

const PRODUCT = { lhsBatch: [], rhsBatch: [], lhsContracting: [1], rhsContracting: [0] };
const rowOf =
  (shape: readonly number[]) =>
  (b: Parameters<Body>[0], y: Operand): Operand =>
    b.broadcastInDim(y, shape, [0]);

/** What is made of workgroups and tiles: sizes at which those are used. */
const SCHEDULES: readonly Example[] = [
  example("a product with an epilogue", [[67, 35], [35, 90], [90]], (b, [x, y, bias]) => {
    const product = b.one("dot_general", [x, y], { ...PRODUCT, precision: null, preferredElementType: null });
    return [b.one("tanh", [b.add(product, b.broadcastInDim(bias, [67, 90], [1]))], {})];
  }),
  example(
    "a product of a long depth",
    [
      [12, 2000],
      [2000, 14],
    ],
    (b, [x, y]) => [
      b.one("dot_general", [x, y], { ...PRODUCT, precision: null, preferredElementType: null }),
    ],
    2e-4,
  ),
  example(
    "a convolution",
    [
      [2, 5, 17, 19],
      [12, 5, 3, 3],
    ],
    (b, [x, w]) => [
      b.one("conv_general_dilated", [x, w], {
        windowStrides: [2, 1],
        padding: [
          [1, 1],
          [1, 1],
        ],
        lhsDilation: [1, 1],
        rhsDilation: [1, 2],
        lhsSpec: [0, 1, 2, 3],
        rhsSpec: [0, 1, 2, 3],
        outSpec: [0, 1, 2, 3],
        featureGroupCount: 1,
        batchGroupCount: 1,
        precision: null,
        preferredElementType: null,
      }),
    ],
  ),
  example("softmax", [[30, 300]], (b, [x]) => {
    const row = rowOf([30, 300]);
    const e = b.one("exp", [b.sub(x, row(b, b.one("reduce_max", [x], { axes: [1] })))], {});
    return [b.div(e, row(b, b.one("reduce_sum", [e], { axes: [1] })))];
  }),
  example(
    "sums of rows, columns and all",
    [[70, 300]],
    (b, [x]) => [
      b.one("reduce_sum", [x], { axes: [1] }),
      b.one("reduce_sum", [x], { axes: [0] }),
      b.one("reduce_sum", [b.mul(x, x)], { axes: [0, 1] }),
    ],
    1e-3,
  ),
  example(
    "prefix sums of a long line",
    [[5000]],
    (b, [x]) => [b.one("cumsum", [x], { axis: 0, reverse: false })],
    1e-3,
  ),
  example(
    "a sort with a companion",
    [
      [3, 400],
      [3, 400],
    ],
    (b, x) => [...b.emit("sort", x, { dimension: 1, isStable: true, numKeys: 1 })],
  ),
  scatter(),
  scan(),
];

/** Rows that meet are added. */
function scatter(): Example {
  const types = [
    tensorType("float32", [50, 8]),
    tensorType("int32", [300, 1]),
    tensorType("float32", [300, 8]),
  ];
  const inputs = types.map((type) => randomTensor(random, type, type.dtype === "int32" ? [0, 50] : [-1, 1]));
  const graph = build(types, (b, [x, i, u]) => [
    b.one("scatter_add", [x, i, u], {
      updateWindowDims: [1],
      insertedWindowDims: [0],
      scatterDimsToOperandDims: [0],
      operandBatchingDims: [],
      scatterIndicesBatchingDims: [],
      indicesAreSorted: false,
      uniqueIndices: false,
      mode: "fill",
    }),
  ]);
  return { title: "a scatter", graph, inputs, tolerance: { ulp: 16, absolute: 1e-4 } };
}

/** A recurrence whose steps are products. */
function scan(): Example {
  const [carry, matrix] = [tensorType("float32", [6]), tensorType("float32", [6, 6])];
  const body = build([matrix, carry, carry], (b, [w, h, x]) => {
    const product = b.one("dot_general", [w, h], { ...PRODUCT, precision: null, preferredElementType: null });
    const next = b.one("tanh", [b.add(product, x)], {});
    return [next, next];
  });
  const types = [matrix, carry, tensorType("float32", [20, 6])];
  const graph = build(types, (b, inputs) => [
    ...b.emit("scan", inputs, { body, numConsts: 1, numCarry: 1, length: 20, reverse: false, unroll: 1 }),
  ]);
  const inputs = types.map((type) => randomTensor(random, type, [-1, 1]));
  return { title: "a scan", graph, inputs, tolerance: { ulp: 16, absolute: 1e-5 } };
}

test("operations in Chromium on Wasm and WebGPU, with schedules for software and for hardware", (t) =>
  withModule<typeof Page, void>("tests/browser/pages/graphs.ts", async (module) => {
    const examples = [...primitives(), ...SCHEDULES];
    assert.ok(examples.length > 120, `${examples.length} examples`);
    for (const { title, graph, inputs, tolerance } of examples) {
      await t.test(title, async () => {
        const want = interpretGraph(graph, inputs);
        const call = {
          graph: printGraph(graph),
          donated: inputs.map(() => false),
          inputs: inputs.map((x) => encodeBase64(toBytes(x))),
        };
        for (const [platform, software] of [
          ["wasm", true],
          ["webgpu", true],
          ["webgpu", false],
        ] as const) {
          const texts = await module.evaluate(
            (m, [platform, software, call]) => m.runGraphOn(platform, software, call),
            [platform, software, call] as const,
          );
          const got = texts.map((text, i) =>
            fromBytes(graph.outputs[i].type, decodeBase64(text) ?? new Uint8Array()),
          );
          assertClose(got, want, tolerance, `${platform}${software ? "" : ", for hardware"}`);
        }
      });
    }
  }));
