/** Configurations of the window operations for the generated tests. */
import type { PrimitiveParams, WindowParams } from "../../graph/operations.ts";
import type { TestCase, TestDomain } from "../../graph/primitive.ts";
import type { DType } from "../../types/dtype.ts";
import type { MonoidFn } from "../reduction/monoid.ts";
import { positionIn, windowAxes, windowCount, windowOutputShape } from "./geometry.ts";

interface WindowCase {
  readonly shape: readonly number[];
  readonly params: WindowParams;
}

function windows(
  shape: readonly number[],
  windowDimensions: readonly number[],
  options: Partial<WindowParams> = {},
): WindowCase {
  const ones = shape.map(() => 1);
  const padding = shape.map(() => [0, 0] as const);
  return {
    shape,
    params: {
      windowDimensions,
      windowStrides: ones,
      padding,
      baseDilation: ones,
      windowDilation: ones,
      ...options,
    },
  };
}

/** Plain, strided, padded, cropped (negative padding), dilated on either side, overlapping or not, and empty. */
const shapes: readonly WindowCase[] = [
  windows([7], [3]),
  windows([7], [1]),
  windows([8], [2], { windowStrides: [2] }),
  windows([9], [3], { windowStrides: [2], padding: [[1, 2]] }),
  windows([5], [2], { baseDilation: [2] }),
  windows([5], [3], { baseDilation: [3], padding: [[2, 1]], windowStrides: [2] }),
  windows([9], [3], { windowDilation: [2] }),
  windows([9], [2], { windowDilation: [3], padding: [[-1, 2]], windowStrides: [2] }),
  windows([9], [2], { padding: [[-2, -1]] }),
  windows([4], [2], { baseDilation: [2], windowDilation: [2], padding: [[1, -1]] }),
  windows([6], [3], { windowStrides: [4] }),
  windows([5, 6], [2, 3]),
  windows([5, 6], [2, 3], {
    windowStrides: [2, 1],
    padding: [
      [1, 0],
      [0, 2],
    ],
  }),
  windows([1, 6, 6, 2], [1, 2, 2, 1], { windowStrides: [1, 2, 2, 1] }),
  windows([2, 3, 7, 5], [1, 1, 3, 3], {
    windowStrides: [1, 1, 2, 2],
    padding: [
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 1],
    ],
  }),
  // Pooling of images with channels last: disjoint windows that cover all, and overlapping ones with padding.
  windows([2, 4, 6, 5], [1, 2, 2, 1], { windowStrides: [1, 2, 2, 1] }),
  windows([1, 6, 5, 6], [1, 3, 3, 1], {
    windowStrides: [1, 2, 2, 1],
    padding: [
      [0, 0],
      [1, 1],
      [0, 1],
      [0, 0],
    ],
  }),
  windows([3], [5]),
  windows([2], [2], { padding: [[3, 3]] }),
  windows([0], [2], { padding: [[1, 2]] }),
  windows([0, 3], [1, 2]),
  windows([], []),
];

const integerShapes: readonly WindowCase[] = [
  windows([9], [3], { windowStrides: [2], padding: [[1, 2]] }),
  windows([5, 6], [2, 3], { windowDilation: [2, 1] }),
];

const INTEGER_DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32"] as const;

function typed({ shape, params }: WindowCase, dtype: DType, domain: TestDomain): TestCase<WindowParams> {
  return { inputs: [{ shape, dtype, domain }], params };
}

/** Whether some window lies wholly in padding and holes. */
function hasEmptyWindow({ shape, params }: WindowCase): boolean {
  return windowAxes(shape, params).some((a) => {
    const sees = (i: number): boolean =>
      Array.from({ length: a.window }, (_, r) => positionIn(a, i, r)).some((at) => at !== null);
    return Array.from({ length: windowCount(a) }, (_, i) => sees(i)).includes(false);
  });
}

export function windowCases(fn: MonoidFn): TestCase<WindowParams>[] {
  const chooses = fn === "max" || fn === "min";
  // The maximum of an empty window is infinite, which finite differences cannot take: of those only integers have any.
  const floating = chooses ? shapes.filter((w) => !hasEmptyWindow(w)) : shapes;
  const domain: TestDomain = fn === "mul" ? [0.5, 2] : "normal";
  const cases = [
    ...floating.map((w) => typed(w, "float32", domain)),
    ...floating.map((w) => typed(w, "float64", "normal")),
    typed(shapes[3], "float16", "positive"),
    ...INTEGER_DTYPES.flatMap((dtype) => integerShapes.map((w) => typed(w, dtype, "any"))),
  ];
  if (chooses) {
    cases.push(...integerShapes.map((w) => typed(w, "bool", "bool")));
    cases.push(...shapes.filter(hasEmptyWindow).map((w) => typed(w, "int32", "any")));
  }
  return cases;
}

type SelectCase = TestCase<PrimitiveParams["select_and_gather_add"]>;

const SELECTED = ["max", "min"] as const;

function selectCase(
  { shape, params }: WindowCase,
  select: "max" | "min",
  first: readonly number[],
  dtype: DType,
  domain: TestDomain,
): SelectCase {
  return {
    inputs: [
      { shape: first, dtype, domain: dtype === "float32" || dtype === "float64" ? "normal" : "smallInt" },
      { shape, dtype, domain },
    ],
    params: { select, ...params },
  };
}

/**
 * The second operand of small integers has ties, of which the first element must be taken. Not in floats: a finite
 * difference that breaks a tie sees a jump.
 */
function selectCases(firstShape: (w: WindowCase) => readonly number[]): SelectCase[] {
  return SELECTED.flatMap((select) => [
    ...shapes.map((w) => selectCase(w, select, firstShape(w), "float32", "normal")),
    ...shapes.map((w) => selectCase(w, select, firstShape(w), "float64", "normal")),
    ...shapes.map((w) => selectCase(w, select, firstShape(w), "int32", "smallInt")),
    ...integerShapes.map((w) => selectCase(w, select, firstShape(w), "float16", "normal")),
    ...integerShapes.map((w) => selectCase(w, select, firstShape(w), "int32", "any")),
    ...integerShapes.map((w) => selectCase(w, select, firstShape(w), "uint8", "any")),
  ]);
}

export const gatherCases = selectCases(({ shape }) => shape);
export const scatterCases = selectCases(({ shape, params }) => windowOutputShape(shape, params));
