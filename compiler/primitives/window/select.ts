/**
 * `select_and_gather_add` and its transpose `select_and_scatter_add`: the derivative of max and min pooling. Both
 * choose one element per window: the first in row-major order among the best, or the first NaN; padding is never
 * chosen. A window that lies wholly in the padding has no element: it gathers 0 and scatters nothing.
 *
 * JAX gathers from a window of nothing but -inf (for max) the tangent 0, and scatters to its first element; here the
 * first element is taken both times, so that the two stay each other's transpose.
 */
import type { PrimitiveParams } from "../../graph/operations.ts";
import {
  type Access,
  type BatchRule,
  type CustomLowering,
  definePrimitive,
  type GpuForm,
  type GpuKernelForm,
  isLinearInput,
  type JvpRule,
  type LowerContext,
  type ReduceLowering,
  type TransposeRule,
} from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import type { AxisKind, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { computeDType, isFloating } from "../../types/dtype.ts";
import { InternalError, WeftTypeError } from "../../types/errors.ts";
import { rowMajorStrides, sameShape, sizeOf, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { displaces } from "../reduction/arg.ts";
import { accumulationDType, foldReference } from "../reduction/monoid.ts";
import { forEachIndex, reader, tabulate } from "../reference-tensors.ts";
import { checkArity, checkDtype, checkSameDtypes, formatShape, NUMERIC } from "../typing.ts";
import {
  bumpWindow,
  checkWindow,
  dilated,
  lowerPosition,
  positionIn,
  type WindowAxis,
  windowAxes,
  windowOutputShape,
} from "./geometry.ts";
import { gatherCases, scatterCases } from "./test-cases.ts";

type SelectParams = PrimitiveParams["select_and_gather_add"];
type SelectName = "select_and_gather_add" | "select_and_scatter_add";

function checkOperands(name: SelectName, inputs: readonly TensorType[], params: SelectParams): void {
  checkArity(name, inputs, 2);
  checkSameDtypes(name, inputs);
  checkDtype(name, inputs[0], NUMERIC, 0);
  checkWindow(name, inputs[1].shape, params);
}

function inferGather(inputs: readonly TensorType[], params: SelectParams): TensorType[] {
  checkOperands("select_and_gather_add", inputs, params);
  const [tangents, operand] = inputs;
  if (!sameShape(tangents.shape, operand.shape)) {
    throw new WeftTypeError(
      "select_and_gather_add tangents and operand shapes must match, " +
        `got ${formatShape(tangents.shape)} and ${formatShape(operand.shape)}.`,
    );
  }
  return [tensorType(operand.dtype, windowOutputShape(operand.shape, params))];
}

function inferScatter(inputs: readonly TensorType[], params: SelectParams): TensorType[] {
  checkOperands("select_and_scatter_add", inputs, params);
  const [source, operand] = inputs;
  const windows = windowOutputShape(operand.shape, params);
  if (!sameShape(source.shape, windows)) {
    throw new WeftTypeError(
      "select_and_scatter_add source shape must match the shape of the window-reduced operand: " +
        `source ${formatShape(source.shape)}, window-reduced operand ${formatShape(windows)}.`,
    );
  }
  return [operand];
}

/** Row-major position of the element chosen in window `i`, or -1. */
function chosenElement(operand: RefTensor, params: SelectParams, i: readonly number[]): number {
  const axes = windowAxes(operand.type.shape, params);
  const strides = rowMajorStrides(operand.type.shape);
  let chosen = -1;
  forEachIndex(params.windowDimensions, (r) => {
    let at = 0;
    for (const [axis, a] of axes.entries()) {
      const position = positionIn(a, i[axis], r[axis]);
      if (position === null) return;
      at += position * strides[axis];
    }
    if (chosen < 0) {
      chosen = at;
      return;
    }
    const value = operand.data[at];
    const best = operand.data[chosen];
    const better = params.select === "max" ? value > best : value < best;
    if (better || (Number.isNaN(value) && !Number.isNaN(best))) chosen = at;
  });
  return chosen;
}

function evaluateGather(tangents: RefTensor, operand: RefTensor, params: SelectParams): RefTensor {
  const { dtype, shape } = operand.type;
  return tabulate(tensorType(dtype, windowOutputShape(shape, params)), (i) => {
    const chosen = chosenElement(operand, params, i);
    return chosen < 0 ? 0 : tangents.data[chosen];
  });
}

function evaluateScatter(source: RefTensor, operand: RefTensor, params: SelectParams): RefTensor {
  const data = new Float64Array(operand.type.size);
  const at = reader(source);
  const add = foldReference("add", operand.type.dtype);
  forEachIndex(source.type.shape, (i) => {
    const chosen = chosenElement(operand, params, i);
    if (chosen >= 0) data[chosen] = add(data[chosen], at(i));
  });
  return { type: operand.type, data };
}

/**
 * Orders elements so that the greater is chosen: itself for max; for min the negative, or on integers the complement,
 * which reverses the order of every signed and unsigned value without overflow.
 */
function sortKey(s: ScalarOps, select: SelectParams["select"], value: Expr): Expr {
  if (select === "max") return value;
  return isFloating(value.dtype) ? s.neg(value) : s.not(value);
}

/** Folds (key of the best element, its tangent, whether there is one yet) over the window. */
const lowerGather: ReduceLowering<SelectParams> = {
  kind: "reduce",
  domain: ({ params }) => params.windowDimensions,
  accumulators({ inputs: [tangents, operand] }) {
    return [
      { dtype: accumulationDType(operand.dtype), init: 0 },
      { dtype: accumulationDType(tangents.dtype), init: 0 },
      { dtype: "int32", init: 0 },
    ];
  },
  combine(s, [best, bestTangent, found], [key, tangent, present]) {
    const better = s.or(s.eq(found, s.int(0)), displaces(s, "gt", key, best));
    const take = s.and(s.ne(present, s.int(0)), better);
    return [s.select(take, key, best), s.select(take, tangent, bestTangent), s.or(found, present)];
  },
  element(s, [tangents, operand], i, r, { params, inputs }) {
    const { index, inside } = lowerPosition(s, windowAxes(inputs[1].shape, params), i, r);
    const read = (access: Access): Expr => {
      const zero = s.const(0, computeDType(access.type.dtype));
      return s.convert(s.guard(inside, access(index), zero), accumulationDType(access.type.dtype));
    };
    return [sortKey(s, params.select, read(operand)), read(tangents), s.convert(inside, "int32")];
  },
  finish: (s, [, tangent], _, { outputs }) => [s.convert(tangent, computeDType(outputs[0].dtype))],
};

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
const lowerScatter: CustomLowering<SelectParams> = {
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

/** Both operands are batched; batching only one repeats the other along the new axis. */
function batchSelect(name: SelectName): BatchRule<SelectParams> {
  return (b, inputs, dims, params, { size }) => {
    const batched = inputs.map((x, i) => batchFirst(b, x, dims[i], size));
    return {
      outputs: [b.one(name, batched, { select: params.select, ...bumpWindow(params, 0) })],
      dims: [0],
    };
  };
}

/** Linear in the first operand; where the chosen element is does not move with the second. */
function jvpSelect(name: SelectName): JvpRule<SelectParams> {
  return (b, [x, operand], [t], params) => ({
    outputs: [b.one(name, [x, operand], params)],
    tangents: [t && b.one(name, [t, operand], params)],
  });
}

function transposeSelect(transposed: SelectName): TransposeRule<SelectParams> {
  return (b, [ct], [, operand], params) => {
    if (isLinearInput(operand))
      throw new InternalError(`${transposed} transposed with respect to its operand`);
    return [ct && b.one(transposed, [ct, operand], params), null];
  };
}

export const selectAndGatherAdd = definePrimitive<SelectParams>({
  name: "select_and_gather_add",
  infer: inferGather,
  evaluate: ([tangents, operand], params) => [evaluateGather(tangents, operand, params)],
  jvp: jvpSelect("select_and_gather_add"),
  transpose: transposeSelect("select_and_scatter_add"),
  batch: batchSelect("select_and_gather_add"),
  lower: lowerGather,
  cost: ({ params, outputs: [out] }) => ({
    flops: out.size * sizeOf(params.windowDimensions),
    transcendentals: 0,
  }),
  test: { cases: gatherCases, ulp: 0, order: 2 },
});

export const selectAndScatterAdd = definePrimitive<SelectParams>({
  name: "select_and_scatter_add",
  infer: inferScatter,
  evaluate: ([source, operand], params) => [evaluateScatter(source, operand, params)],
  jvp: jvpSelect("select_and_scatter_add"),
  transpose: transposeSelect("select_and_gather_add"),
  batch: batchSelect("select_and_scatter_add"),
  lower: lowerScatter,
  cost: ({ params, inputs: [source] }) => ({
    flops: source.size * (sizeOf(params.windowDimensions) + 1),
    transcendentals: 0,
  }),
  test: { cases: scatterCases, ulp: 64, order: 2 },
});
