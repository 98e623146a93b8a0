/** The schedules that only larger sizes get: tiles, workgroups, domains in chunks, dispatches in two dimensions. */
import { describe, test } from "node:test";
import type { Operand } from "../../compiler/graph/graph.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { DEFAULT_LIMITS, type GpuLimits } from "../../compiler/program/webgpu.ts";
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { assertClose } from "../helpers/compare.ts";
import { type Body, build } from "../helpers/graphs.ts";
import { Random } from "../helpers/random.ts";
import { runOnGpu, runPlan } from "./check.ts";

const random = new Random("schedules");

function tensor(shape: readonly number[], dtype: DType = "float32"): RefTensor {
  const type = tensorType(dtype, shape);
  const { kind } = DTYPE_INFO[dtype];
  const draw = (): number =>
    kind === "float"
      ? Math.fround(random.next() * 2 - 1)
      : Math.floor(random.next() * 100 - (kind === "uint" ? 0 : 50));
  return { type, data: Float64Array.from({ length: type.size }, draw) };
}

function check(title: string, inputs: readonly RefTensor[], body: Body, absolute = 1e-5): void {
  test(title, async () => {
    const graph = build(
      inputs.map((x) => x.type),
      body,
    );
    const want = interpretGraph(graph, inputs);
    const tolerance = { ulp: 16, absolute };
    assertClose(runPlan(graph, inputs), want, tolerance, "the plan");
    assertClose(await runOnGpu(graph, inputs), want, tolerance, "the device");
    const subgroups: GpuLimits = { ...DEFAULT_LIMITS, features: ["subgroups"] };
    assertClose(await runOnGpu(graph, inputs, [], subgroups), want, tolerance, "schedules with subgroups");
    const software = { ...DEFAULT_LIMITS, software: true };
    assertClose(await runOnGpu(graph, inputs, [], software), want, tolerance, "schedules for software");
  });
}

function dot(
  lhsContracting: number[],
  rhsContracting: number[],
  lhsBatch: number[] = [],
  rhsBatch: number[] = [],
): PrimitiveParams["dot_general"] {
  return { lhsContracting, rhsContracting, lhsBatch, rhsBatch, precision: null, preferredElementType: null };
}

const plainConv: PrimitiveParams["conv_general_dilated"] = {
  windowStrides: [1, 1],
  padding: [
    [1, 1],
    [1, 1],
  ],
  lhsDilation: [1, 1],
  rhsDilation: [1, 1],
  lhsSpec: [0, 1, 2, 3],
  rhsSpec: [0, 1, 2, 3],
  outSpec: [0, 1, 2, 3],
  featureGroupCount: 1,
  batchGroupCount: 1,
  precision: null,
  preferredElementType: null,
};

const product =
  (params: PrimitiveParams["dot_general"]): Body =>
  (b, [x, y]) => [b.one("dot_general", [x, y], params)];

describe("products in tiles", () => {
  check("whole tiles", [tensor([128, 64]), tensor([64, 128])], product(dot([1], [0])));
  check("tails on every side", [tensor([67, 35]), tensor([35, 131])], product(dot([1], [0])));
  check("both transposed", [tensor([41, 70]), tensor([90, 41])], product(dot([0], [1])));
  check(
    "batches, with axes in another order",
    [tensor([20, 3, 30]), tensor([3, 25, 30])],
    product(dot([2], [2], [1], [0])),
  );
  check("a long depth is cut", [tensor([24, 3000]), tensor([3000, 30])], product(dot([1], [0])), 2e-4);
  check("integers", [tensor([40, 33], "int32"), tensor([33, 40], "int32")], product(dot([1], [0])));
  for (const [dtype, sum] of [
    ["int8", "int32"],
    ["uint8", "uint32"],
    ["int16", "int32"],
  ] as const) {
    check(
      `${dtype} summed in ${sum}`,
      [tensor([40, 33], dtype), tensor([33, 41], dtype)],
      product({ ...dot([1], [0]), preferredElementType: sum }),
    );
  }
  check("an epilogue", [tensor([66, 20]), tensor([20, 50]), tensor([50])], (b, [x, y, bias]) => {
    const sum = b.add(b.one("dot_general", [x, y], dot([1], [0])), b.broadcastInDim(bias, [66, 50], [1]));
    return [b.one("tanh", [sum], {}), b.mul(sum, sum)];
  });
  check(
    "an epilogue after cuts",
    [tensor([24, 2000]), tensor([2000, 24]), tensor([24])],
    (b, [x, y, bias]) => {
      const sum = b.add(b.one("dot_general", [x, y], dot([1], [0])), b.broadcastInDim(bias, [24, 24], [1]));
      return [b.one("tanh", [sum], {})];
    },
    2e-4,
  );
  check("a convolution", [tensor([2, 5, 17, 19]), tensor([12, 5, 3, 3])], (b, [x, w]) => [
    b.one("conv_general_dilated", [x, w], plainConv),
  ]);
  check(
    "a convolution with strides and holes",
    [tensor([2, 8, 21, 19]), tensor([9, 8, 3, 3])],
    (b, [x, w]) => [
      b.one("conv_general_dilated", [x, w], {
        ...plainConv,
        windowStrides: [2, 1],
        rhsDilation: [1, 2],
        lhsDilation: [1, 2],
      }),
    ],
  );
});

const over =
  (name: "reduce_sum" | "reduce_max", axes: readonly number[]): Body =>
  (b, [x]) => [b.one(name, [x], { axes })];

describe("reductions", () => {
  check("all of a million", [tensor([1000, 1000])], over("reduce_sum", [0, 1]), 1e-3);
  check("the maximum of all", [tensor([300, 1001])], over("reduce_max", [0, 1]));
  check("rows", [tensor([70, 1000])], over("reduce_sum", [1]), 1e-4);
  check("few columns, cut", [tensor([4000, 7])], over("reduce_sum", [0]), 1e-3);
  check("many columns", [tensor([30, 9000])], over("reduce_sum", [0]), 1e-4);
  check("the axes in between", [tensor([6, 500, 5, 4])], over("reduce_sum", [1, 2]), 1e-3);
  check(
    "siblings and an epilogue",
    [tensor([40, 700])],
    (b, [x]) => {
      const sum = b.one("reduce_sum", [x], { axes: [1] });
      const squares = b.one("reduce_sum", [b.mul(x, x)], { axes: [1] });
      return [b.sub(squares, b.mul(sum, sum)), b.one("reduce_max", [x], { axes: [1] })];
    },
    1e-3,
  );
  check("the first place of the greatest", [tensor([3, 5000], "int32")], (b, [x]) => [
    b.one("argmax", [x], { axis: 1, indexDtype: "int32" }),
  ]);
});

describe("rows", () => {
  const softmax: Body = (b, [x]) => {
    const { shape } = x.type;
    const spread = (y: Operand) => b.broadcastInDim(y, shape, [0]);
    const e = b.one("exp", [b.sub(x, spread(b.one("reduce_max", [x], { axes: [1] })))], {});
    return [b.div(e, spread(b.one("reduce_sum", [e], { axes: [1] })))];
  };
  check("softmax", [tensor([50, 300])], softmax);
  check("softmax of short rows", [tensor([500, 10])], softmax);
  check("softmax of rows beyond the workgroup's memory", [tensor([4, 5000])], softmax);
  check("normalised", [tensor([30, 200])], (b, [x]) => {
    const { shape } = x.type;
    const spread = (y: Operand) => b.broadcastInDim(y, shape, [0]);
    const mean = (y: Operand) =>
      b.div(b.one("reduce_sum", [y], { axes: [1] }), b.like({ type: perRow(y) }, 200));
    const centred = b.sub(x, spread(mean(x)));
    const variance = mean(b.mul(centred, centred));
    return [b.mul(centred, spread(b.one("rsqrt", [b.add(variance, b.like(variance, 1e-5))], {})))];
  });
});

const perRow = (y: Operand) => tensorType(y.type.dtype, y.type.shape.slice(0, -1));

describe("prefixes", () => {
  check(
    "a long line",
    [tensor([5000])],
    (b, [x]) => [b.one("cumsum", [x], { axis: 0, reverse: false })],
    1e-3,
  );
  check("lines across memory, from the end", [tensor([300, 9])], (b, [x]) => [
    b.one("cummax", [x], { axis: 0, reverse: true }),
  ]);
});

describe("sorting", () => {
  const sorted =
    (dimension: number, numKeys: number): Body =>
    (b, x) => [...b.emit("sort", x, { dimension, isStable: true, numKeys })];
  check("a row by merging", [tensor([1000])], sorted(0, 1));
  check("equal keys keep their order", [tensor([3, 400], "int32"), tensor([3, 400])], sorted(1, 1));
  check("across memory", [tensor([150, 5])], sorted(0, 1));
  check(
    "many operands",
    Array.from({ length: 5 }, () => tensor([300], "int32")),
    sorted(0, 2),
  );
});

describe("scatters", () => {
  const add = {
    updateWindowDims: [1],
    insertedWindowDims: [0],
    scatterDimsToOperandDims: [0],
    operandBatchingDims: [],
    scatterIndicesBatchingDims: [],
    indicesAreSorted: false,
    uniqueIndices: false,
    mode: "fill",
  } as const;
  const at = (count: number, below: number): RefTensor => ({
    type: tensorType("int32", [count, 1]),
    data: Float64Array.from({ length: count }, () => random.below(below + 2) - 1),
  });
  check("few rows", [tensor([20, 30]), at(40, 20), tensor([40, 30])], (b, [x, i, u]) => [
    b.one("scatter_add", [x, i, u], add),
  ]);
  check("many rows that meet", [tensor([50, 8]), at(700, 50), tensor([700, 8])], (b, [x, i, u]) => [
    b.one("scatter_add", [x, i, u], add),
  ]);
  check(
    "the last update of an element stays",
    [tensor([50, 8]), at(300, 50), tensor([300, 8])],
    (b, [x, i, u]) => [b.one("scatter", [x, i, u], add)],
  );
});

describe("dispatches", () => {
  check(
    "more operands than a kernel may read",
    Array.from({ length: 20 }, (_, n) => tensor([n + 1, 3])),
    (b, x) => [b.one("concatenate", x, { dimension: 0 })],
  );
  check(
    "a sum of more operands than a kernel may read",
    Array.from({ length: 20 }, () => tensor([50])),
    (b, x) => [x.reduce((sum, y) => b.add(sum, y))],
  );
  check("more workgroups than one dimension has", [tensor([5_000_000])], (b, [x]) => [b.add(x, x)]);
});

describe("batches of matrices, side by side", () => {
  check("cholesky", [tensor([5, 20, 20])], (b, [x]) => {
    const square = b.one("dot_general", [x, x], dot([2], [2], [0], [0]));
    const place = (dimension: number): Operand => b.iota("int32", [5, 20, 20], dimension);
    const diagonal = b.one("eq", [place(1), place(2)], {});
    return [b.one("cholesky", [b.add(square, b.convert(diagonal, "float32"))], {})];
  });
  check("lu", [tensor([6, 9, 7])], (b, [x]) => b.emit("lu", [x], {}));
  check("triangular_solve", [tensor([4, 6, 6]), tensor([4, 6, 5])], (b, [a, y]) => {
    const params = { leftSide: true, lower: false, transposeA: true, unitDiagonal: true };
    return [b.one("triangular_solve", [a, y], params)];
  });
  check("qr", [tensor([3, 8, 6])], (b, [x]) => {
    const [a, taus] = b.emit("geqrf", [x], {});
    return [a, taus, b.one("householder_product", [a, taus], {})];
  });
  check("singular values", [tensor([3, 7, 7])], (b, [x]) => [b.emit("jacobi_svd", [x], {})[2]]);
  check("eigenvalues", [tensor([3, 6, 6])], (b, [x]) => {
    const symmetric = b.one("dot_general", [x, x], dot([2], [2], [0], [0]));
    return [b.emit("eigh", [symmetric], { lower: true })[0]];
  });
});
