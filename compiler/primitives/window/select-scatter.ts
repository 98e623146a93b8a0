/** How `select_and_scatter_add` is computed: in lanes where windows lie side by side, window by window, or on a GPU. */
import type { PrimitiveParams } from "../../graph/operations.ts";
import type { CustomLowering, GpuForm, GpuKernelForm, LowerContext } from "../../graph/primitive.ts";
import type { AxisKind, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { computeDType, isFloating } from "../../types/dtype.ts";
import { rowMajorStrides, sizeOf } from "../../types/tensor-type.ts";
import { displaces } from "../reduction/arg.ts";
import { forEachIndex } from "../reference-tensors.ts";
import { dilated, lowerPosition, type WindowAxis, windowAxes } from "./geometry.ts";

export type SelectParams = PrimitiveParams["select_and_gather_add"];

/**
 * Orders elements so that the greater is chosen: itself for max; for min the negative, or on integers the complement,
 * which reverses the order of every signed and unsigned value without overflow.
 */
export function sortKey(s: ScalarOps, select: SelectParams["select"], value: Expr): Expr {
  if (select === "max") return value;
  return isFloating(value.dtype) ? s.neg(value) : s.not(value);
}

/** Loops over every index of `shape`, outermost axis first. */
function loopNest(
  k: KernelBuilder,
  shape: readonly number[],
  name: string,
  body: (i: Expr[]) => void,
  kind: AxisKind = "serial",
): void {
  const index: Expr[] = [];
  const enter = (axis: number): void => {
    if (axis === shape.length) {
      body([...index]);
      return;
    }
    k.loop(
      shape[axis],
      (i) => {
        index.push(i);
        enter(axis + 1);
        index.pop();
      },
      { name, kind },
    );
  };
  enter(0);
}

/** Row-major position of an index. */
function flatten(s: ScalarOps, shape: readonly number[], index: readonly Expr[]): Expr {
  const strides = rowMajorStrides(shape);
  return index.reduce((at, i, axis) => s.add(at, s.mul(i, s.int(strides[axis]))), s.int(0));
}

/** Position of the element that a window chooses, in a local; -1 where the window has none. */
function chosenIn(
  k: KernelBuilder,
  s: ScalarOps,
  operand: BufferParam,
  shape: readonly number[],
  params: SelectParams,
  i: readonly Expr[],
): Local {
  const axes = windowAxes(shape, params);
  const best = k.let("best", s.const(0, computeDType(operand.dtype)));
  const chosen = k.let("chosen", s.int(-1));
  loopNest(k, params.windowDimensions, "r", (r) => {
    const { index, inside } = lowerPosition(s, axes, i, r);
    const at = flatten(s, shape, index);
    k.if(inside, () => {
      const key = k.let("key", sortKey(s, params.select, s.load(operand, at)));
      const better = displaces(s, "gt", s.local(key), s.local(best));
      k.if(s.or(s.lt(s.local(chosen), s.int(0)), better), () => {
        k.assign(best, s.local(key));
        k.assign(chosen, at);
      });
    });
  });
  return chosen;
}

/**
 * On a GPU each window notes what it chooses, and each element then asks the windows that cover it, in their order: a few
 * for every element, where one processor does better to go over the windows once.
 */
function gpuScatter({ params, inputs }: LowerContext<SelectParams>): GpuForm | null {
  const [source, { shape, size }] = inputs;
  if (size === 0 || source.size === 0) return null;
  const axes = windowAxes(shape, params);
  const choose: GpuKernelForm = {
    name: "choose",
    build(k, s, { inputs: [, operand], scratch: [chosen] }) {
      loopNest(
        k,
        source.shape,
        "w",
        (i) => {
          const place = chosenIn(k, s, operand, shape, params, i);
          k.store(chosen, flatten(s, source.shape, i), s.local(place));
        },
        "grid",
      );
    },
  };
  const sum: GpuKernelForm = {
    name: "sum",
    build(k, s, { inputs: [from], outputs: [out], scratch: [chosen] }) {
      loopNest(
        k,
        shape,
        "i",
        (at) => {
          const own = s.local(k.let("own", flatten(s, shape, at)));
          const total = k.let("total", s.const(0, computeDType(out.dtype)));
          loopNest(k, params.windowDimensions, "r", (reversed) => {
            // From a window's last element to its first: then the windows come in their order.
            let inside = s.bool(true);
            const window = axes.map((a, d) => {
              const r = s.sub(s.int(a.window - 1), reversed[d]);
              const shifted = s.add(s.mul(at[d], s.int(a.baseDilation)), s.int(a.padding[0]));
              const start = s.sub(shifted, s.mul(r, s.int(a.windowDilation)));
              inside = s.and(
                inside,
                s.and(s.ge(start, s.int(0)), s.lt(start, s.int(source.shape[d] * a.stride))),
              );
              if (a.stride === 1) return start;
              inside = s.and(inside, s.eq(s.rem(start, s.int(a.stride)), s.int(0)));
              return s.div(start, s.int(a.stride));
            });
            const place = flatten(s, source.shape, window);
            k.if(s.guard(inside, s.eq(s.load(chosen, place), own), s.bool(false)), () =>
              k.assign(total, s.add(s.local(total), s.load(from, place))),
            );
          });
          k.store(out, own, s.local(total));
        },
        "grid",
      );
    },
  };
  return { scratch: [{ dtype: "int32", size: source.size }], kernels: [choose, sum] };
}

/** Windows of more elements are not written out. */
const MAX_WRITTEN_OUT = 32;

/** The innermost axis along which windows have one element each, or whose windows never meet padding: lanes run along it. */
function laneAxis(axes: readonly WindowAxis[], windows: readonly number[]): number {
  return axes.findLastIndex((a, d) => {
    const last = (windows[d] - 1) * a.stride + dilated(a.window, a.windowDilation) - 1;
    return windows[d] > 1 && a.padding[0] <= 0 && a.baseDilation === 1 && last - a.padding[0] < a.extent;
  });
}

/**
 * One pass over the windows: find the chosen element, add the source there. Linear in the windows' total size, where
 * asking of every element which windows chose it would search each window once per element. Sums of float16 are
 * kept in float32 until the end.
 */
export const lowerScatter: CustomLowering<SelectParams> = {
  kind: "custom",
  scratch: ({ outputs: [out] }) => (out.dtype === "float16" ? [{ dtype: "float32", size: out.size }] : []),
  build(k, s, { inputs: [source, operand], outputs: [out], scratch: [wide] }, { params, inputs, outputs }) {
    const sums: BufferParam = wide ?? out;
    const { size } = outputs[0];
    const [{ shape: windows }, { shape }] = inputs;
    const axes = windowAxes(shape, params);
    const written = sizeOf(params.windowDimensions) <= MAX_WRITTEN_OUT;
    const lanes = written ? laneAxis(axes, windows) : -1;
    // Every element is in exactly one window.
    const once = axes.every(
      (a, d) =>
        `${a.padding}` === "0,0" &&
        a.baseDilation === 1 &&
        a.windowDilation === 1 &&
        a.window === a.stride &&
        a.extent === a.window * windows[d],
    );
    if (lanes < 0 || !once) {
      k.loop(size, (i) => k.store(sums, i, s.const(0, computeDType(sums.dtype))), { kind: "vector" });
    }
    if (lanes < 0) {
      loopNest(k, windows, "w", (i) => {
        const chosen = chosenIn(k, s, operand, shape, params, i);
        k.if(s.ge(s.local(chosen), s.int(0)), () => {
          const to = s.local(chosen);
          const from = s.load(source, flatten(s, windows, i));
          k.store(sums, to, s.add(s.load(sums, to), from));
        });
      });
    } else {
      const outer = windows.toSpliced(lanes, 1);
      loopNest(k, outer, "w", (rest) =>
        k.loop(
          windows[lanes],
          (i) =>
            scatterLanes(
              k,
              s,
              { source, operand, sums },
              axes,
              params,
              rest.toSpliced(lanes, 0, i),
              windows,
              once,
            ),
          {
            name: "w",
            kind: "vector",
          },
        ),
      );
    }
    if (wide) k.loop(size, (i) => k.store(out, i, s.load(wide, i)), { kind: "vector" });
  },
  gpu: gpuScatter,
};

/**
 * Windows side by side, one in each lane: which element is chosen is a number per lane, and every element of the window
 * is given the source or nothing. Whether an element is padding must not differ between lanes.
 */
function scatterLanes(
  k: KernelBuilder,
  s: ScalarOps,
  { source, operand, sums }: Readonly<Record<"source" | "operand" | "sums", BufferParam>>,
  axes: readonly WindowAxis[],
  params: SelectParams,
  window: readonly Expr[],
  windows: readonly number[],
  once: boolean,
): void {
  const shape = axes.map(({ extent }) => extent);
  const elements: { readonly at: Expr; readonly inside: Expr }[] = [];
  forEachIndex(params.windowDimensions, (r) => {
    const { index, inside } = lowerPosition(
      s,
      axes,
      window,
      r.map((n) => s.int(n)),
    );
    elements.push({ at: flatten(s, shape, index), inside });
  });
  const when = (cond: Expr, body: () => void): void =>
    cond.op === "const" && cond.value !== 0 ? body() : k.if(cond, body);
  const best = k.let("best", s.const(0, computeDType(operand.dtype)));
  const chosen = k.let("chosen", s.int(-1));
  for (const [n, { at, inside }] of elements.entries()) {
    when(inside, () => {
      const key = s.local(k.let("key", sortKey(s, params.select, s.load(operand, at))));
      const better = displaces(s, "gt", key, s.local(best));
      // The first element, where it is always there, is better than none.
      const take = n === 0 ? s.bool(true) : s.or(s.lt(s.local(chosen), s.int(0)), better);
      const number = k.let("number", s.select(take, s.int(n), s.local(chosen)));
      k.assign(best, s.select(take, key, s.local(best)));
      k.assign(chosen, s.local(number));
    });
  }
  const from = k.let("from", s.load(source, flatten(s, windows, window)));
  for (const [n, { at, inside }] of elements.entries()) {
    when(inside, () => {
      const zero = s.const(0, computeDType(sums.dtype));
      const own = s.select(s.eq(s.local(chosen), s.int(n)), s.local(from), zero);
      k.store(sums, at, s.add(once ? zero : s.load(sums, at), own));
    });
  }
}
