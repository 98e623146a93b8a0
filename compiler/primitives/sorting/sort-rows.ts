/** The sorting kernel: every row along the axis, by its keys' digits or by merging. */
import type { CustomBuffers, CustomScratch, LowerContext } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { otherAxes } from "../indexing/dimensions.ts";
import { mergeSort, needsMerging } from "./merge-sort.ts";
import {
  counterSizes,
  type Digit,
  digitsOf,
  partsOf,
  type RadixSort,
  radixRows,
  radixSort,
  radixSortInParts,
} from "./radix-sort.ts";

type SortContext = LowerContext<{
  readonly dimension: number;
  readonly isStable: boolean;
  readonly numKeys: number;
}>;

function digitsOfSort({ inputs, params }: SortContext): readonly Digit[] | null {
  const keys = inputs.slice(0, params.numKeys).map((t) => t.dtype);
  return digitsOf(keys, inputs[0].shape[params.dimension]);
}

/** Rows of which threads sort one each. Fewer long ones are sorted one after the other, by all threads. */
const MANY_ROWS = 8;

/** For threads that share rows or parts of them, or for one thread. */
type Form = "shared" | "alone";

/** Parts of a row that threads share; 1 where they share the rows. */
function partsOfSort({ inputs, params }: SortContext, form: Form): number {
  if (form === "alone") return 1;
  const [{ shape, size }] = inputs;
  const length = shape[params.dimension];
  return size / length < MANY_ROWS ? partsOf(length) : 1;
}

/** Whether threads share parts of each row, which takes more passes than one thread needs. */
export function sortsInParts(context: SortContext): boolean {
  return digitsOfSort(context) !== null && partsOfSort(context, "shared") > 1;
}

/** One or two buffers of a row per operand: all first ones, then all second ones; then the counters of the digits. */
export function sortScratch(context: SortContext, form: Form = "shared"): CustomScratch[] {
  const { inputs, params } = context;
  const length = inputs[0].shape[params.dimension];
  if (inputs[0].size === 0 || length <= 1) return [];
  const digits = digitsOfSort(context);
  const parts = digits === null ? 1 : partsOfSort(context, form);
  const temporary = parts === 1;
  const rows = inputs.map((t): CustomScratch => ({ dtype: t.dtype, size: length, temporary }));
  if (digits === null) return needsMerging(length) ? [...rows, ...rows] : rows;
  const counters = counterSizes(digits, parts).map((size) => ({ dtype: "int32" as const, size, temporary }));
  return [...rows, ...(radixRows(digits) === 2 ? rows : []), ...counters];
}

/** Writes the kernel of a sort. */
export function buildSort(
  k: KernelBuilder,
  s: ScalarOps,
  buffers: CustomBuffers,
  context: SortContext,
  form: Form = "shared",
): void {
  const { inputs, params } = context;
  const { shape, size } = inputs[0];
  const { dimension, numKeys } = params;
  const n = shape[dimension];
  if (size === 0) return;
  if (n === 1) {
    for (const [i, out] of buffers.outputs.entries()) {
      if (buffers.inputs[i] === out) continue;
      k.loop(size, (j) => k.store(out, j, s.load(buffers.inputs[i], j)), { name: "c" });
    }
    return;
  }
  const strides = rowMajorStrides(shape);
  const digits = digitsOfSort(context);
  const parts = digits === null ? 1 : partsOfSort(context, form);
  const count = inputs.length;
  const first = buffers.scratch.slice(0, count);
  const sortRow = (base: Expr): void => {
    const element = (j: Expr) => s.add(base, s.mul(j, s.int(strides[dimension])));
    const load = (j: Expr) => buffers.inputs.map((input) => s.load(input, element(j)));
    const store = (j: Expr, values: readonly Expr[]): void => {
      for (const [i, out] of buffers.outputs.entries()) k.store(out, element(j), values[i]);
    };
    if (digits !== null) {
      const sets = radixRows(digits);
      const rows = sets === 1 ? [first] : [first, buffers.scratch.slice(count, 2 * count)];
      const counters = buffers.scratch.slice(sets * count);
      const row = { load, store };
      const sort: RadixSort = { digits, length: n, input: row, output: row, rows, counters };
      return parts === 1 ? radixSort(k, s, sort) : radixSortInParts(k, s, parts, sort);
    }
    k.loop(n, (j) => {
      for (const [i, value] of load(j).entries()) k.store(first[i], j, value);
    });
    mergeSort(k, s, first, buffers.scratch.slice(count), numKeys, n);
    k.loop(n, (j) =>
      store(
        j,
        first.map((row) => s.load(row, j)),
      ),
    );
  };
  const rowAxes = otherAxes(shape.length, [dimension]);
  const overRows = (depth: number, base: Expr): void => {
    if (depth === rowAxes.length) {
      sortRow(parts === 1 ? s.local(k.let("row", base)) : base);
      return;
    }
    const axis = rowAxes[depth];
    const next = (i: Expr): void => overRows(depth + 1, s.add(base, s.mul(i, s.int(strides[axis]))));
    if (parts === 1) k.loop(shape[axis], next, { name: "r", kind: "grid" });
    else for (let i = 0; i < shape[axis]; i++) next(s.int(i));
  };
  overRows(0, s.int(0));
}
