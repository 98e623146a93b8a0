/** Test cases of the factorisations: sizes around the widths of panels and pieces, tall and wide, batches, no elements. */
import type { PrimitiveParams } from "../../graph/operations.ts";
import type { TestCase, TestDomain } from "../../graph/primitive.ts";
import type { DType } from "../../types/dtype.ts";

type NoParams = Record<never, never>;

function on<P extends NoParams>(
  shapes: readonly (readonly number[])[],
  params: P,
  dtype: DType = "float64",
  domain: TestDomain = "normal",
): TestCase<P>[] {
  return shapes.map((shape) => ({ inputs: [{ shape, dtype, domain }], params }));
}

export const CHOLESKY_CASES: readonly TestCase<NoParams>[] = [
  ...on(
    [
      [1, 1],
      [3, 3],
      [2, 4, 4],
      [0, 0],
      [0, 3, 3],
      [9, 9],
    ],
    {},
    "float64",
    "spd",
  ),
  ...on(
    [
      [1, 1],
      [5, 5],
      [2, 3, 2, 2],
      [8, 8],
      [19, 19],
    ],
    {},
    "float32",
    "spd",
  ),
];

function triangular(
  a: readonly number[],
  b: readonly number[],
  flags: string,
  dtype: DType = "float64",
): TestCase<PrimitiveParams["triangular_solve"]> {
  return {
    inputs: [
      { shape: a, dtype, domain: "spd" },
      { shape: b, dtype },
    ],
    params: {
      leftSide: flags.includes("left"),
      lower: flags.includes("lower"),
      transposeA: flags.includes("transpose"),
      unitDiagonal: flags.includes("unit"),
    },
  };
}

export const TRIANGULAR_CASES: readonly TestCase<PrimitiveParams["triangular_solve"]>[] = [
  ...["left", "left lower", "left transpose", "left lower transpose"].flatMap((flags) => [
    triangular([3, 3], [3, 2], flags),
    triangular([11, 11], [11, 5], flags, "float32"),
    triangular([41, 41], [41, 1], flags, "float32"),
  ]),
  ...["", "lower", "transpose", "lower transpose unit"].flatMap((flags) => [
    triangular([3, 3], [2, 3], flags),
    triangular([10, 10], [4, 10], flags, "float32"),
  ]),
  triangular([4, 4], [4, 6], "left lower unit"),
  triangular([2, 3, 3], [2, 3, 2], "left unit"),
  triangular([0, 0], [0, 2], "left"),
  triangular([2, 2], [2, 0], "left"),
  triangular([1, 1], [1, 1], "lower"),
];

export const GEQRF_CASES: readonly TestCase<NoParams>[] = [
  ...on(
    [
      [1, 1],
      [4, 3],
      [3, 5],
      [2, 4, 4],
      [0, 3],
      [2, 0],
    ],
    {},
  ),
  ...on(
    [
      [6, 6],
      [21, 18],
      [9, 23],
    ],
    {},
    "float32",
  ),
];

export const HOUSEHOLDER_CASES: readonly TestCase<NoParams>[] = (
  [
    [[4, 3], [3], "float64"],
    [[5, 5], [2], "float64"],
    [[2, 3, 3], [2, 3], "float32"],
    [[20, 18], [18], "float32"],
    [[3, 3], [0], "float32"],
    [[0, 0], [0], "float32"],
  ] as const
).map(([a, taus, dtype]) => ({
  inputs: [
    { shape: a, dtype, domain: [-0.5, 0.5] as const },
    { shape: taus, dtype, domain: [0.5, 1] as const },
  ],
  params: {},
}));

export const QR_CASES: readonly TestCase<PrimitiveParams["qr"]>[] = [
  ...on(
    [
      [1, 1],
      [3, 3],
      [5, 2],
      [2, 4],
      [2, 3, 2],
    ],
    { fullMatrices: false },
  ),
  ...on(
    [
      [5, 3],
      [2, 4],
      [2, 4, 2],
    ],
    { fullMatrices: true },
  ),
  ...on(
    [
      [3, 0],
      [0, 2],
    ],
    { fullMatrices: true },
  ),
  ...on(
    [
      [3, 0],
      [0, 2],
    ],
    { fullMatrices: false },
  ),
  ...on(
    [
      [12, 9],
      [9, 12],
    ],
    { fullMatrices: true },
    "float32",
  ),
];

export const LU_CASES: readonly TestCase<NoParams>[] = [
  ...on(
    [
      [1, 1],
      [3, 3],
      [5, 3],
      [3, 5],
      [2, 3, 3],
      [0, 0],
      [3, 0],
      [0, 3],
    ],
    {},
  ),
  ...on(
    [
      [8, 8],
      [19, 19],
      [11, 20],
      [20, 11],
    ],
    {},
    "float32",
  ),
];

export const PIVOT_CASES: readonly TestCase<PrimitiveParams["lu_pivots_to_permutation"]>[] = [
  [[3], 3, 2],
  [[2, 3], 5, 4],
  [[0], 2, 1],
  [[1], 1, 0],
].map(([shape, permutationSize, last]) => ({
  inputs: [{ shape: shape as number[], dtype: "int32", domain: [0, last as number] as const }],
  params: { permutationSize: permutationSize as number },
}));

export const EIGH_CASES: readonly TestCase<PrimitiveParams["eigh"]>[] = [
  ...on(
    [
      [1, 1],
      [2, 2],
      [4, 4],
      [2, 3, 3],
      [0, 0],
      [0, 2, 2],
    ],
    { lower: true },
  ),
  ...on([[3, 3]], { lower: false }),
  ...on(
    [
      [5, 5],
      [18, 18],
    ],
    { lower: false },
    "float32",
  ),
];

export const JACOBI_CASES: readonly TestCase<NoParams>[] = [
  ...on(
    [
      [1, 1],
      [2, 2],
      [5, 5],
      [2, 4, 4],
      [0, 0],
    ],
    {},
  ),
  ...on(
    [
      [3, 3],
      [17, 17],
    ],
    {},
    "float32",
  ),
];

const thin = { fullMatrices: false, computeUv: true };
export const SVD_CASES: readonly TestCase<PrimitiveParams["svd"]>[] = [
  ...on(
    [
      [1, 1],
      [3, 3],
      [4, 2],
      [2, 4],
      [2, 3, 2],
      [0, 2],
      [3, 0],
    ],
    thin,
  ),
  ...on([[3, 3]], { fullMatrices: true, computeUv: true }),
  ...on(
    [
      [4, 3],
      [3, 4],
    ],
    { fullMatrices: false, computeUv: false },
  ),
  ...on([[13, 10]], thin, "float32"),
];
