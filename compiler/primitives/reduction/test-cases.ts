/** Configurations of the reductions for the generated tests. */
import type { ArgParams, CumulativeParams } from "../../graph/operations.ts";
import type { TestCase, TestDomain } from "../../graph/primitive.ts";
import type { DType } from "../../types/dtype.ts";

type Case = TestCase<{ readonly axes: readonly number[] }>;

function over(shape: readonly number[], axes: readonly number[], dtype: DType, domain?: TestDomain): Case {
  return { inputs: [{ shape, dtype, domain }], params: { axes } };
}

/** Every set of axes of a cube, odd and prime sizes, nothing to reduce, empty results and empty domains. */
function shapesOf(dtype: DType, domain?: TestDomain): Case[] {
  return [
    over([2, 3, 5], [0], dtype, domain),
    over([2, 3, 5], [1], dtype, domain),
    over([2, 3, 5], [2], dtype, domain),
    over([2, 3, 5], [0, 1], dtype, domain),
    over([2, 3, 5], [0, 2], dtype, domain),
    over([2, 3, 5], [1, 2], dtype, domain),
    over([2, 3, 5], [0, 1, 2], dtype, domain),
    over([2, 3], [], dtype, domain),
    over([], [], dtype, domain),
    over([1], [0], dtype, domain),
    over([17], [0], dtype, domain),
    over([7, 1, 3], [1], dtype, domain),
    over([0], [0], dtype, domain),
    over([0, 3], [0], dtype, domain),
    over([3, 0], [0], dtype, domain),
    over([2, 0, 3], [1, 2], dtype, domain),
  ];
}

const INTEGER_DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32"] as const;

const integerCases = INTEGER_DTYPES.flatMap((dtype) => [
  over([5, 4], [0], dtype, "any"),
  over([5, 4], [1], dtype, "any"),
  over([3, 11], [0, 1], dtype, "any"),
  over([0, 2], [0], dtype, "any"),
]);

export const reduceCases: readonly Case[] = [
  ...shapesOf("float32", "normal"),
  ...shapesOf("float64", "normal"),
  over([4, 9], [1], "float16", "positive"),
  over([37, 67], [0], "float32", "positive"),
  over([37, 67], [1], "float32", "positive"),
  over([1031], [0], "float32", "positive"),
  over([33, 129], [0, 1], "float32", "positive"),
  ...integerCases,
];

/** Factors around one, so that products neither vanish nor overflow. */
export const prodCases: readonly Case[] = [
  ...shapesOf("float32", [0.5, 2]),
  ...shapesOf("float64", "normal"),
  over([4, 9], [1], "float16", [0.7, 1.4]),
  over([37, 13], [0], "float32", [-1.5, 1.5]),
  ...integerCases,
];

export const logicalCases: readonly Case[] = [
  ...shapesOf("bool", "bool"),
  over([3, 37], [1], "bool", "bool"),
  over([37, 3], [0], "bool", "bool"),
  ...integerCases,
];

/** Whether an output element folds nothing. */
function foldsNothing({ inputs: [{ shape }], params: { axes } }: Case): boolean {
  return axes.some((axis) => shape[axis] === 0) && shape.every((n, axis) => n > 0 || axes.includes(axis));
}

/** Maxima over nothing are infinite, which finite differences cannot take: only integers fold nothing here. */
export const chooserCases: readonly Case[] = [
  ...reduceCases.filter((c) => !foldsNothing(c)),
  ...INTEGER_DTYPES.map((dtype) => over([0, 2], [0], dtype, "any")),
  ...logicalCases.filter((c) => c.inputs[0].dtype === "bool"),
];

function along(
  shape: readonly number[],
  axis: number,
  dtype: DType,
  indexDtype: ArgParams["indexDtype"] = "int32",
): TestCase<ArgParams> {
  return {
    inputs: [{ shape, dtype, domain: dtype === "bool" ? "bool" : "any" }],
    params: { axis, indexDtype },
  };
}

/** Small integers repeat, so that the first of equal elements is told from the others. */
export const argCases: readonly TestCase<ArgParams>[] = [
  ...(["float32", "float64"] as const).flatMap((dtype) => [
    along([7], 0, dtype),
    along([1], 0, dtype),
    along([3, 5, 4], 0, dtype),
    along([3, 5, 4], 1, dtype),
    along([3, 5, 4], 2, dtype),
    along([0, 3], 1, dtype),
  ]),
  along([3, 67], 1, "float32"),
  along([67, 3], 0, "float32", "uint32"),
  along([5, 3], 0, "float16"),
  ...[...INTEGER_DTYPES, "bool" as const].map((dtype) => along([4, 9], 1, dtype)),
  {
    inputs: [{ shape: [6, 9], dtype: "int32", domain: "smallInt" }],
    params: { axis: 1, indexDtype: "int32" },
  },
  {
    inputs: [{ shape: [6, 9], dtype: "float32", domain: "smallInt" }],
    params: { axis: 0, indexDtype: "int32" },
  },
];

function cumulativeCase(
  shape: readonly number[],
  axis: number,
  reverse: boolean,
  dtype: DType,
  domain: TestDomain,
): TestCase<CumulativeParams> {
  return { inputs: [{ shape, dtype, domain }], params: { axis, reverse } };
}

export function floatCumulativeCases(domain: TestDomain): TestCase<CumulativeParams>[] {
  const cases = (["float32", "float64"] as const).flatMap((dtype) =>
    [false, true].flatMap((reverse) => [
      cumulativeCase([7], 0, reverse, dtype, domain),
      cumulativeCase([1], 0, reverse, dtype, domain),
      cumulativeCase([2], 0, reverse, dtype, domain),
      cumulativeCase([8], 0, reverse, dtype, domain),
      cumulativeCase([0], 0, reverse, dtype, domain),
      cumulativeCase([3, 0], 0, reverse, dtype, domain),
      cumulativeCase([3, 5, 2], 0, reverse, dtype, domain),
      cumulativeCase([3, 5, 2], 1, reverse, dtype, domain),
      cumulativeCase([3, 5, 2], 2, reverse, dtype, domain),
    ]),
  );
  return [...cases, cumulativeCase([3, 9], 1, false, "float16", domain)];
}

export const integerCumulativeCases: readonly TestCase<CumulativeParams>[] = INTEGER_DTYPES.flatMap(
  (dtype) => [cumulativeCase([3, 7], 1, false, dtype, "any"), cumulativeCase([5, 3], 0, true, dtype, "any")],
);
