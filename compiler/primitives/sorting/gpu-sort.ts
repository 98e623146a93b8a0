/**
 * Sorting on a GPU: runs sorted by counting, then merged, one kernel for each doubling. Every element finds its place by
 * itself, as many places from the start of its run as elements of the run beside it come before it (Satish, Harris,
 * Garland, "Designing efficient sorting algorithms for manycore GPUs", 2009). Stable.
 */
import type { CustomBuffers, GpuForm, GpuKernelForm, LowerContext } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { isLess } from "./merge-sort.ts";

/** Elements of the runs that are sorted by counting: each is compared with all others of its run. */
const RUN = 32;
/** Operands that are moved themselves: a kernel reads and writes each, and may bind 8 buffers. */
const MAX_MOVED = 3;

type SortContext = LowerContext<{
  readonly dimension: number;
  readonly isStable: boolean;
  readonly numKeys: number;
}>;

/** The kernels of a sort; null where its keys are too many to be bound. */
export function gpuSort({ inputs, params }: SortContext): GpuForm | null {
  const { shape, size } = inputs[0];
  const length = shape[params.dimension];
  if (size === 0 || length <= 1) return null;
  const rows = new Rows(shape, params.dimension);
  const { numKeys } = params;
  if (inputs.length <= MAX_MOVED) {
    const move = movePasses(rows, numKeys, length, inputs.length, (buffers) => ({
      first: buffers.inputs,
      even: buffers.outputs,
      odd: buffers.scratch,
    }));
    return { scratch: inputs.map(({ dtype }) => ({ dtype, size })), kernels: move };
  }
  if (numKeys >= MAX_MOVED) return null;
  // Keys and places are sorted, and every operand is then fetched from its place.
  const moved = numKeys + 1;
  const keys = inputs.slice(0, numKeys).map(({ dtype }) => ({ dtype, size }));
  const places = { dtype: "int32", size } as const;
  const scratch = [...keys, places, ...keys, places, places];
  const sorted = movePasses(rows, numKeys, length, moved, (buffers) => ({
    first: [...buffers.inputs.slice(0, numKeys), buffers.scratch[2 * moved]],
    even: buffers.scratch.slice(0, moved),
    odd: buffers.scratch.slice(moved, 2 * moved),
  }));
  const number: GpuKernelForm = {
    name: "places",
    build: (k, s, buffers) => rows.over(k, s, (at, j) => k.store(buffers.scratch[2 * moved], at(j), j)),
  };
  const fetch = inputs.map(
    (_, n): GpuKernelForm => ({
      name: `fetch${n}`,
      build: (k, s, buffers) =>
        rows.over(k, s, (at, j) => {
          const from = s.load(buffers.scratch[moved - 1], at(j));
          k.store(buffers.outputs[n], at(j), s.load(buffers.inputs[n], at(from)));
        }),
    }),
  );
  return { scratch, kernels: [number, ...sorted, ...fetch] };
}

/** The rows along an axis. */
class Rows {
  readonly #strides: readonly number[];

  constructor(
    private readonly shape: readonly number[],
    private readonly axis: number,
  ) {
    this.#strides = rowMajorStrides(shape);
  }

  /** An iteration of the grid per element: `at` is the position of a place in its row. */
  over(k: KernelBuilder, s: ScalarOps, body: (at: (j: Expr) => Expr, j: Expr) => void): void {
    const enter = (d: number, base: Expr): void => {
      if (d === this.shape.length) {
        const length = this.shape[this.axis];
        k.loop(
          length,
          (j) => body((place) => s.add(base, s.mul(place, s.int(this.#strides[this.axis]))), j),
          { name: "j", kind: "grid" },
        );
      } else if (d === this.axis) enter(d + 1, base);
      else {
        k.loop(this.shape[d], (i) => enter(d + 1, s.add(base, s.mul(i, s.int(this.#strides[d])))), {
          name: "i",
          kind: "grid",
        });
      }
    };
    enter(0, s.int(0));
  }
}

export interface Sides {
  readonly first: readonly BufferParam[];
  /** Where the last pass and every second one before it write. */
  readonly even: readonly BufferParam[];
  readonly odd: readonly BufferParam[];
}

/**
 * Kernels that sort `moved` buffers of one shape along an axis by the first `numKeys` of them; the results are in `even`.
 */
export function mergeSorted(
  shape: readonly number[],
  axis: number,
  numKeys: number,
  moved: number,
  sidesOf: (buffers: CustomBuffers) => Sides,
): GpuKernelForm[] {
  return movePasses(new Rows(shape, axis), numKeys, shape[axis], moved, sidesOf);
}

function movePasses(
  rows: Rows,
  numKeys: number,
  length: number,
  moved: number,
  sidesOf: (buffers: CustomBuffers) => Sides,
): GpuKernelForm[] {
  const widths: number[] = [];
  for (let width = RUN; width < length; width *= 2) widths.push(width);
  const passes = widths.length + 1;
  return Array.from({ length: passes }, (_, pass): GpuKernelForm => {
    const name = pass === 0 ? "runs" : `merge${widths[pass - 1]}`;
    return {
      name,
      build(k, s, buffers) {
        const { first, even, odd } = sidesOf(buffers);
        const isEven = (n: number): boolean => (passes - 1 - n) % 2 === 0;
        const from = (pass === 0 ? first : isEven(pass - 1) ? even : odd).slice(0, moved);
        const to = isEven(pass) ? even : odd;
        rows.over(k, s, (at, j) => {
          const values = from.map((buffer) => s.local(k.let("value", s.load(buffer, at(j)))));
          const own = values.slice(0, numKeys);
          const keysAt = (place: Expr): Expr[] =>
            from.slice(0, numKeys).map((buffer) => s.load(buffer, at(place)));
          const target =
            pass === 0
              ? placeInRun(k, s, j, length, own, keysAt)
              : placeInMerge(k, s, j, length, widths[pass - 1], own, keysAt);
          for (const [n, buffer] of to.slice(0, moved).entries()) k.store(buffer, at(target), values[n]);
        });
      },
    };
  });
}

/** The start of the run, and as many places on as others of the run come before. */
function placeInRun(
  k: KernelBuilder,
  s: ScalarOps,
  j: Expr,
  length: number,
  own: readonly Expr[],
  keysAt: (place: Expr) => readonly Expr[],
): Expr {
  const start = s.local(k.let("start", s.sub(j, s.rem(j, s.int(RUN)))));
  const before = k.let("before", s.int(0));
  k.loop(
    Math.min(RUN, length),
    (n) => {
      const other = s.local(k.let("other", s.add(start, n)));
      k.if(s.lt(other, s.int(length)), () => {
        const keys = keysAt(other).map((key) => s.local(k.let("key", key)));
        // Of equal ones the earlier comes first.
        const first = s.or(isLess(s, keys, own), s.and(s.lt(other, j), s.not(isLess(s, own, keys))));
        k.assign(before, s.add(s.local(before), s.convert(first, "int32")));
      });
    },
    { name: "n" },
  );
  return s.add(start, s.local(before));
}

/** The place in the own run, and as many on as elements of the run beside it come before: found by bisection. */
function placeInMerge(
  k: KernelBuilder,
  s: ScalarOps,
  j: Expr,
  length: number,
  width: number,
  own: readonly Expr[],
  keysAt: (place: Expr) => readonly Expr[],
): Expr {
  const pair = s.local(k.let("pair", s.sub(j, s.rem(j, s.int(2 * width)))));
  const middle = s.local(k.let("middle", s.min(s.add(pair, s.int(width)), s.int(length))));
  const end = s.local(k.let("end", s.min(s.add(pair, s.int(2 * width)), s.int(length))));
  const isLeft = s.local(k.let("isLeft", s.lt(j, middle)));
  const beside = s.local(k.let("beside", s.select(isLeft, middle, pair)));
  const low = k.let("low", beside);
  const high = k.let("high", s.select(isLeft, end, middle));
  k.while(s.lt(s.local(low), s.local(high)), () => {
    const probe = s.local(k.let("probe", s.shr(s.add(s.local(low), s.local(high)), s.int(1))));
    const keys = keysAt(probe).map((key) => s.local(k.let("key", key)));
    // Equal ones of the left run stay before those of the right.
    const before = s.select(isLeft, isLess(s, keys, own), s.not(isLess(s, own, keys)));
    k.if(
      before,
      () => k.assign(low, s.add(probe, s.int(1))),
      () => k.assign(high, probe),
    );
  });
  const found = s.sub(s.local(low), beside);
  const within = s.select(isLeft, s.sub(j, pair), s.sub(j, middle));
  return s.add(pair, s.add(within, found));
}
