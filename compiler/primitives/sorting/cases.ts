/** Test cases of sort. */
import type { TestCase, TestDomain } from "../../graph/primitive.ts";
import type { DType } from "../../types/dtype.ts";

type SortParams = { readonly dimension: number; readonly isStable: boolean; readonly numKeys: number };

function sortCase(
  shape: readonly number[],
  operands: readonly (readonly [DType, TestDomain])[],
  params: Partial<SortParams> = {},
): TestCase<SortParams> {
  return {
    inputs: operands.map(([dtype, domain]) => ({ shape, dtype, domain })),
    params: { dimension: 0, isStable: true, numKeys: 1, ...params },
  };
}

/** Keys from a small range, so that ties show whether the sort is stable. */
const TIES = [-2, 2] as const;

/** Keys so far apart that the small steps of finite differences swap none. */
const APART = [-300, 300] as const;

export const SORT_CASES: readonly TestCase<SortParams>[] = [
  sortCase([7], [["float32", "normal"]]),
  sortCase([7], [["float64", "normal"]]),
  sortCase([1], [["float32", "normal"]]),
  sortCase([0], [["float32", "normal"]]),
  sortCase([3, 0], [["float32", "normal"]], { dimension: 0 }),
  sortCase([3, 0], [["float32", "normal"]], { dimension: 1 }),
  sortCase([2, 5], [["float32", "normal"]], { dimension: 1 }),
  sortCase([5, 3], [["float32", "normal"]], { dimension: 0 }),
  sortCase([2, 7, 3], [["float64", "normal"]], { dimension: 1, isStable: false }),
  // Long enough for several merge passes.
  sortCase([67], [["float32", "normal"]]),
  sortCase(
    [2, 129],
    [
      ["int32", TIES],
      ["float32", "normal"],
    ],
    { dimension: 1 },
  ),
  // Long enough for sorting by digits: of one, two, three and more passes, short and long ones.
  sortCase([300], [["float32", APART]]),
  sortCase([300], [["float64", APART]]),
  sortCase([300], [["float16", APART]]),
  sortCase([300], [["int8", "any"]]),
  sortCase([300], [["bool", "bool"]]),
  sortCase([300], [["uint32", "any"]]),
  sortCase([300, 2], [["int32", "any"]]),
  sortCase(
    [2, 257],
    [
      ["uint8", [0, 9]],
      ["int16", TIES],
      ["float32", "normal"],
    ],
    { dimension: 1, numKeys: 2 },
  ),
  sortCase(
    [16384],
    [
      ["int32", TIES],
      ["uint16", "any"],
    ],
  ),
  // Argsort, and keys of several operands.
  sortCase(
    [9],
    [
      ["float32", "normal"],
      ["int32", "any"],
    ],
  ),
  sortCase(
    [33],
    [
      ["int32", TIES],
      ["float32", "normal"],
      ["int32", "any"],
    ],
    { numKeys: 2 },
  ),
  sortCase(
    [20, 2],
    [
      ["uint8", [0, 2]],
      ["int8", TIES],
      ["float64", "normal"],
    ],
    { numKeys: 3 },
  ),
  sortCase([17], [["int32", "any"]]),
  sortCase([17], [["uint32", "any"]]),
  sortCase([17], [["int16", "any"]]),
  sortCase([17], [["uint8", "any"]]),
  sortCase([17], [["float16", "normal"]]),
  sortCase(
    [17],
    [
      ["bool", "bool"],
      ["uint16", "any"],
    ],
  ),
];
