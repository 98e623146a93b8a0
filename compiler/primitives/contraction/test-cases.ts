/** Configurations of the contractions for the generated tests. */
import type { Params } from "../../graph/graph.ts";
import type { ConvParams, DotParams, PrecisionPair } from "../../graph/operations.ts";
import type { TestCase } from "../../graph/primitive.ts";
import { type DType, isFloating } from "../../types/dtype.ts";

interface DotShape {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly params: Omit<DotParams, "precision" | "preferredElementType">;
}

function dot(
  lhs: readonly number[],
  rhs: readonly number[],
  lhsContracting: readonly number[],
  rhsContracting: readonly number[],
  lhsBatch: readonly number[] = [],
  rhsBatch: readonly number[] = [],
): DotShape {
  return { lhs, rhs, params: { lhsContracting, rhsContracting, lhsBatch, rhsBatch } };
}

const matmul = dot([5, 7], [7, 3], [1], [0]);

/** Products of vectors and matrices in every orientation, batch and contracting axes in any order and place, empty ones. */
const dotShapes: readonly DotShape[] = [
  matmul,
  dot([7, 5], [7, 3], [0], [0]),
  dot([5, 7], [3, 7], [1], [1]),
  dot([7, 5], [3, 7], [0], [1]),
  dot([7], [7], [0], [0]),
  dot([5, 7], [7], [1], [0]),
  dot([7], [7, 3], [0], [0]),
  dot([4], [3], [], []),
  dot([], [], [], []),
  dot([], [3, 2], [], []),
  dot([2, 3, 4], [2, 4, 5], [2], [1], [0], [0]),
  dot([3, 2, 4], [4, 5, 2], [2], [0], [1], [2]),
  dot([2, 3, 4, 5], [5, 2, 3, 6], [3], [0], [0, 1], [1, 2]),
  dot([2, 3, 4, 5], [3, 2, 5, 2], [3], [2], [1, 0], [0, 1]),
  dot([2, 3, 4], [4, 3, 5], [1, 2], [1, 0]),
  dot([4, 2, 3], [3, 4], [2, 0], [0, 1]),
  dot([2, 3], [3, 2], [0, 1], [1, 0]),
  dot([2, 3], [2, 3], [], [], [0, 1], [0, 1]),
  dot([1, 1], [1, 1], [1], [0]),
  dot([0, 4], [4, 3], [1], [0]),
  dot([4, 0], [0, 3], [1], [0]),
  dot([0, 2, 3], [0, 3, 2], [2], [1], [0], [0]),
];

interface Preferred {
  readonly precision: PrecisionPair;
  readonly preferredElementType: DType | null;
}

/** A case on two operands of one dtype. */
function caseOf<P extends Params>(
  {
    lhs,
    rhs,
    params,
  }: { readonly lhs: readonly number[]; readonly rhs: readonly number[]; readonly params: P },
  dtype: DType,
  preferredElementType: DType | null = null,
  precision: PrecisionPair = null,
): TestCase<P & Preferred> {
  const domain = isFloating(dtype) ? "normal" : "any";
  return {
    inputs: [
      { shape: lhs, dtype, domain },
      { shape: rhs, dtype, domain },
    ],
    params: { ...params, precision, preferredElementType },
  };
}

const positive = (c: TestCase<DotParams>): TestCase<DotParams> => ({
  ...c,
  inputs: c.inputs.map((x) => ({ ...x, domain: "positive" })),
});

export const dotCases: readonly TestCase<DotParams>[] = [
  ...dotShapes.map((d) => caseOf(d, "float32")),
  ...dotShapes.map((d) => caseOf(d, "float64")),
  positive(caseOf(dot([17, 33], [33, 19], [1], [0]), "float32")),
  positive(caseOf(dot([33, 17], [19, 33], [0], [1]), "float32")),
  positive(caseOf(matmul, "float16")),
  caseOf(matmul, "float16", "float32"),
  caseOf(matmul, "float32", "float64"),
  caseOf(matmul, "int8", "int32"),
  caseOf(matmul, "uint8", "uint32"),
  caseOf(matmul, "uint8", "int32"),
  caseOf(matmul, "int8", "float32"),
  ...(["int8", "uint8", "int16", "uint16", "int32", "uint32"] as const).map((dtype) => caseOf(matmul, dtype)),
  caseOf(matmul, "bool"),
  caseOf(matmul, "float32", null, ["highest", "default"]),
];

interface ConvShape {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly params: ConvParams;
}

/** Shapes are given in the specs' own layouts. By default [n, c, ...spatial] and [out, in, ...spatial]. */
function conv(lhs: readonly number[], rhs: readonly number[], options: Partial<ConvParams> = {}): ConvShape {
  const identity = lhs.map((_, axis) => axis);
  const ones = lhs.slice(2).map(() => 1);
  return {
    lhs,
    rhs,
    params: {
      windowStrides: ones,
      padding: ones.map(() => [0, 0] as const),
      lhsDilation: ones,
      rhsDilation: ones,
      lhsSpec: identity,
      rhsSpec: identity,
      outSpec: identity,
      featureGroupCount: 1,
      batchGroupCount: 1,
      precision: null,
      preferredElementType: null,
      ...options,
    },
  };
}

const SAME_3: ConvParams["padding"] = [
  [1, 1],
  [1, 1],
];

/** NHWC, HWIO: the specs name where batch, feature, height and width lie. */
const NHWC = { lhsSpec: [0, 3, 1, 2], rhsSpec: [3, 2, 0, 1], outSpec: [0, 3, 1, 2] } as const;
/** A layout that nobody uses: every axis somewhere else, and differently on each side. */
const SHUFFLED = { lhsSpec: [3, 1, 0, 2], rhsSpec: [2, 0, 3, 1], outSpec: [1, 2, 3, 0] } as const;

const plain2d = conv([2, 3, 5, 6], [4, 3, 3, 2]);

const convShapes: readonly ConvShape[] = [
  plain2d,
  conv([2, 3, 5, 5], [4, 3, 3, 3], { padding: SAME_3 }),
  conv([2, 3, 7, 8], [4, 3, 3, 3], { padding: SAME_3, windowStrides: [2, 2] }),
  conv([1, 2, 7, 8], [2, 2, 3, 3], {
    windowStrides: [3, 2],
    padding: [
      [2, 0],
      [0, 3],
    ],
  }),
  conv([2, 2, 4, 5], [3, 2, 3, 2], {
    lhsDilation: [2, 3],
    padding: [
      [2, 1],
      [1, 2],
    ],
  }),
  conv([2, 2, 8, 9], [3, 2, 3, 2], { rhsDilation: [2, 3] }),
  conv([1, 2, 6, 7], [3, 2, 2, 3], {
    padding: [
      [-1, 2],
      [1, -2],
    ],
  }),
  conv([1, 2, 5, 6], [3, 2, 2, 2], {
    windowStrides: [2, 3],
    padding: [
      [1, 2],
      [3, -1],
    ],
    lhsDilation: [2, 1],
    rhsDilation: [1, 2],
  }),
  conv([2, 5, 6, 3], [3, 2, 3, 4], { ...NHWC, padding: SAME_3, windowStrides: [2, 1] }),
  conv([5, 2, 6, 3], [2, 3, 4, 2], { ...SHUFFLED, windowStrides: [1, 2], rhsDilation: [2, 1] }),
  conv([2, 4, 5, 5], [6, 2, 3, 3], { featureGroupCount: 2, padding: SAME_3 }),
  conv([2, 4, 5, 5], [8, 1, 3, 3], { featureGroupCount: 4, windowStrides: [2, 2] }),
  conv([2, 5, 6, 4], [3, 2, 2, 6], { ...NHWC, featureGroupCount: 2, lhsDilation: [1, 2] }),
  conv([4, 3, 5, 5], [6, 3, 3, 3], { batchGroupCount: 2, padding: SAME_3 }),
  conv([6, 2, 5, 4], [3, 2, 2, 3], { batchGroupCount: 3, windowStrides: [2, 1], rhsDilation: [2, 1] }),
  conv([4, 5, 6, 3], [3, 2, 3, 4], { ...NHWC, batchGroupCount: 4 }),
  conv([2, 3, 9], [4, 3, 3]),
  conv([2, 3, 9], [4, 3, 4], { windowStrides: [2], padding: [[1, 2]], lhsDilation: [2] }),
  conv([1, 2, 3, 4, 5], [2, 2, 2, 2, 3], {
    padding: [
      [1, 0],
      [0, 1],
      [1, 1],
    ],
    windowStrides: [1, 2, 2],
  }),
  conv([3, 2], [4, 2]),
  conv([1, 1, 1, 1], [1, 1, 1, 1]),
  conv([2, 2, 5, 5], [3, 2, 1, 1]),
  conv([2, 2, 2, 2], [3, 2, 3, 3]),
  conv([0, 2, 4, 4], [3, 2, 3, 3]),
  conv([2, 0, 4, 4], [3, 0, 3, 3]),
  conv([2, 2, 0, 4], [3, 2, 2, 2], {
    padding: [
      [1, 2],
      [0, 0],
    ],
  }),
];

export const convCases: readonly TestCase<ConvParams>[] = [
  ...convShapes.map((c) => caseOf(c, "float32")),
  ...convShapes.map((c) => caseOf(c, "float64")),
  caseOf(plain2d, "float16", "float32"),
  caseOf(plain2d, "float16"),
  caseOf(plain2d, "int8", "int32"),
  caseOf(plain2d, "float32", null, ["highest", "highest"]),
  ...(["int8", "uint8", "int16", "uint16", "int32", "uint32"] as const).map((dtype) =>
    caseOf(plain2d, dtype),
  ),
];
