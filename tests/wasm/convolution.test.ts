/** Convolutions and both their gradients as tiles, in layouts and shapes that take different ways through them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConvParams } from "../../compiler/graph/operations.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { vjpGraph } from "../../compiler/transforms/index.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { compile, graphOf } from "../helpers/graphs.ts";
import { Random } from "../helpers/random.ts";
import { runVariants } from "../helpers/run-wasm.ts";
import { randomTensor } from "../helpers/tensors.ts";

const NHWC = { lhsSpec: [0, 3, 1, 2], rhsSpec: [3, 2, 0, 1], outSpec: [0, 3, 1, 2] };
const NCHW = { lhsSpec: [0, 1, 2, 3], rhsSpec: [0, 1, 2, 3], outSpec: [0, 1, 2, 3] };

interface Shape {
  readonly name: string;
  readonly batch: number;
  readonly size: readonly [number, number];
  readonly features: readonly [input: number, output: number];
  readonly window: readonly [number, number];
  readonly options?: Partial<ConvParams>;
}

const SAME_3: ConvParams["padding"] = [
  [1, 1],
  [1, 1],
];

const SHAPES: readonly Shape[] = [
  { name: "3x3", batch: 2, size: [9, 11], features: [6, 8], window: [3, 3], options: { padding: SAME_3 } },
  {
    name: "one input feature",
    batch: 3,
    size: [7, 10],
    features: [1, 12],
    window: [3, 3],
    options: { padding: SAME_3 },
  },
  {
    name: "one output feature",
    batch: 2,
    size: [9, 12],
    features: [7, 1],
    window: [3, 3],
    options: { padding: SAME_3 },
  },
  {
    name: "one output feature of many",
    batch: 3,
    size: [7, 11],
    features: [18, 1],
    window: [3, 3],
    options: { padding: SAME_3 },
  },
  {
    name: "three output features of many, strides and a dilated kernel",
    batch: 1,
    size: [13, 12],
    features: [9, 3],
    window: [3, 2],
    options: { windowStrides: [2, 1], rhsDilation: [1, 3], padding: SAME_3 },
  },
  {
    name: "two output features of many, dilated image",
    batch: 2,
    size: [5, 9],
    features: [16, 2],
    window: [1, 3],
    options: { lhsDilation: [1, 2], padding: SAME_3 },
  },
  {
    name: "depthwise, of whole cache lines",
    batch: 2,
    size: [9, 13],
    features: [21, 21],
    window: [3, 3],
    options: { featureGroupCount: 21, padding: SAME_3 },
  },
  {
    name: "many features",
    batch: 1,
    size: [6, 6],
    features: [33, 20],
    window: [3, 3],
    options: { padding: SAME_3 },
  },
  {
    name: "a long depth",
    batch: 1,
    size: [5, 4],
    features: [280, 9],
    window: [3, 3],
    options: { padding: SAME_3 },
  },
  // Large enough for minimal filtering; every extent odd, or not a multiple of a tile.
  {
    name: "3x3 of many tiles",
    batch: 3,
    size: [11, 14],
    features: [18, 21],
    window: [3, 3],
    options: { padding: SAME_3 },
  },
  { name: "3x3 of many tiles without padding", batch: 2, size: [12, 17], features: [16, 24], window: [3, 3] },
  { name: "3x3 of two strips", batch: 1, size: [59, 22], features: [16, 17], window: [3, 3] },
  // Two groups of panels, of which the last has fewer, and the last panel fewer columns.
  {
    name: "3x3 of two groups with strides",
    batch: 1,
    size: [22, 21],
    features: [80, 53],
    window: [3, 3],
    options: { padding: SAME_3, windowStrides: [2, 2] },
  },
  {
    name: "3x3 of many tiles with strides",
    batch: 1,
    size: [22, 21],
    features: [17, 18],
    window: [3, 3],
    options: { padding: SAME_3, windowStrides: [2, 2] },
  },
  {
    name: "3x3 of many tiles with strides and padding on one side",
    batch: 2,
    size: [16, 20],
    features: [16, 16],
    window: [3, 3],
    options: {
      padding: [
        [0, 1],
        [0, 1],
      ],
      windowStrides: [2, 2],
    },
  },
  {
    name: "3x3 of many tiles, uneven and negative padding",
    batch: 2,
    size: [13, 12],
    features: [17, 16],
    window: [3, 3],
    options: {
      padding: [
        [2, -1],
        [-1, 3],
      ],
    },
  },
  {
    name: "rows of padding alone",
    batch: 1,
    size: [1, 18],
    features: [9, 7],
    window: [2, 3],
    options: {
      windowStrides: [3, 1],
      padding: [
        [3, -1],
        [3, 3],
      ],
    },
  },
  { name: "no padding", batch: 2, size: [10, 9], features: [5, 12], window: [3, 2] },
  { name: "1x1", batch: 2, size: [8, 9], features: [16, 10], window: [1, 1] },
  {
    name: "strides",
    batch: 2,
    size: [11, 14],
    features: [5, 8],
    window: [3, 3],
    options: { windowStrides: [2, 3], padding: SAME_3 },
  },
  {
    name: "a dilated window, uneven and negative padding",
    batch: 2,
    size: [12, 13],
    features: [4, 8],
    window: [3, 2],
    options: {
      rhsDilation: [2, 3],
      padding: [
        [3, -1],
        [-2, 4],
      ],
    },
  },
  {
    name: "holes in the image",
    batch: 2,
    size: [6, 7],
    features: [5, 9],
    window: [3, 3],
    options: {
      lhsDilation: [2, 3],
      padding: [
        [2, 1],
        [0, -2],
      ],
    },
  },
  {
    name: "feature groups",
    batch: 2,
    size: [8, 9],
    features: [12, 24],
    window: [3, 3],
    options: { featureGroupCount: 3, padding: SAME_3 },
  },
  {
    name: "batch groups",
    batch: 6,
    size: [8, 9],
    features: [4, 24],
    window: [3, 3],
    options: { batchGroupCount: 3, padding: SAME_3 },
  },
  {
    name: "depthwise",
    batch: 2,
    size: [8, 13],
    features: [18, 18],
    window: [3, 3],
    options: { featureGroupCount: 18, padding: SAME_3 },
  },
  // The lanes of the last panel that are no groups read three elements behind the image each.
  {
    name: "nine groups of three features each",
    batch: 2,
    size: [8, 9],
    features: [27, 9],
    window: [3, 3],
    options: { featureGroupCount: 9 },
  },
  {
    name: "depthwise with a multiplier and strides",
    batch: 2,
    size: [9, 10],
    features: [8, 40],
    window: [3, 3],
    options: { featureGroupCount: 8, padding: SAME_3, windowStrides: [2, 2] },
  },
];

function placed(spec: readonly number[], extents: readonly number[]): number[] {
  const shape = new Array<number>(spec.length);
  for (const [i, axis] of spec.entries()) shape[axis] = extents[i];
  return shape;
}

function graphOfShape({ batch, size, features, window, options = {} }: Shape, layout: typeof NHWC) {
  const params: ConvParams = {
    windowStrides: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    lhsDilation: [1, 1],
    rhsDilation: [1, 1],
    featureGroupCount: 1,
    batchGroupCount: 1,
    precision: null,
    preferredElementType: null,
    ...layout,
    ...options,
  };
  const [input, output] = features;
  const lhs = placed(layout.lhsSpec, [batch, input, ...size]);
  const rhs = placed(layout.rhsSpec, [output, input / params.featureGroupCount, ...window]);
  return graphOf("conv_general_dilated", [tensorType("float32", lhs), tensorType("float32", rhs)], params);
}

function assertNear(what: string, got: RefTensor, want: RefTensor): void {
  const scale = Math.max(...want.data.map(Math.abs), 1e-30);
  for (let i = 0; i < want.data.length; i++) {
    const error = Math.abs(got.data[i] - want.data[i]);
    if (!(error <= 4e-6 * scale)) assert.fail(`${what}: element ${i} is ${got.data[i]}, not ${want.data[i]}`);
  }
}

describe("a convolution and its gradients", () => {
  for (const shape of SHAPES) {
    for (const [name, layout] of Object.entries({ NHWC, NCHW })) {
      test(`${shape.name}, ${name}`, () => {
        const graph = graphOfShape(shape, layout);
        const random = new Random(1);
        const inputs = graph.inputs.map((v) => randomTensor(random, v.type));
        const cotangent = randomTensor(random, graph.outputs[0].type);
        const { backward } = vjpGraph(graph, [true, true]);
        // The residuals are the operands, in the order the backward graph takes them.
        const residuals = backward.inputs
          .slice(0, -1)
          .map((v) => inputs.find((x) => x.type === v.type) ?? assert.fail("a residual that is no operand"));
        for (const [what, program, operands] of [
          ["forward", graph, inputs],
          ["backward", backward, [...residuals, cotangent]],
        ] as const) {
          const want = interpretGraph(program, operands);
          for (const { variant, outputs } of runVariants(compile(program), operands.map(toBytes))) {
            for (const [o, bytes] of outputs.entries()) {
              const type = program.outputs[o].type;
              assertNear(`${what} ${o} (${variant})`, fromBytes(type, bytes), want[o]);
            }
          }
        }
      });
    }
  }
});

test("what surrounds the image in memory does not reach the result", () => {
  // An infinite border of one image must not reach the next image through its padding.
  const graph = graphOfShape({ ...SHAPES[0], features: [5, 8] }, NHWC);
  const random = new Random(2);
  const [image, kernel] = graph.inputs.map((v) => randomTensor(random, v.type));
  const [, height, width, features] = image.type.shape;
  const data = [...image.data];
  for (let c = 0; c < features; c++) data[((height - 1) * width + (width - 1)) * features + c] = Infinity;
  const poisoned = { ...image, data: Float64Array.from(data) };
  for (const { outputs } of runVariants(compile(graph), [poisoned, kernel].map(toBytes))) {
    const got = fromBytes(graph.outputs[0].type, outputs[0]);
    const [, h, w, f] = graph.outputs[0].type.shape;
    for (let at = 0; at < got.data.length; at++) {
      const [n, y, x] = [Math.floor(at / (h * w * f)), Math.floor(at / (w * f)) % h, Math.floor(at / f) % w];
      const near = n === 0 && y >= h - 2 && x >= w - 2;
      assert.equal(Number.isFinite(got.data[at]), !near, `image ${n}, row ${y}, column ${x}`);
    }
  }
});
