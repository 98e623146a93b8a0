/**
 * Random graphs of one contraction, a product of every kind or a convolution, between operations that fuse with it: what
 * makes an operand, and what takes the result. Extents lie at and around those of tiles. A third of the floating ones are
 * the gradients by both operands instead.
 */
import type { Graph, Operand } from "../../compiler/graph/graph.ts";
import type { ConvParams, DotParams, PrecisionPair } from "../../compiler/graph/operations.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { accumulationDType } from "../../compiler/primitives/reduction/monoid.ts";
import { dilated } from "../../compiler/primitives/window/geometry.ts";
import { batchGraph, transposeGraph } from "../../compiler/transforms/index.ts";
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import { sizeOf, type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import { ulpOf } from "./compare.ts";
import type { Random } from "./random.ts";

export interface RandomContraction {
  readonly graph: Graph;
  /** How far each output may be off, absolutely, for floats of [-1, 1]; integers are exact. */
  readonly bounds: readonly number[];
}

/** Products of two elements in all: what the reference does in a fraction of a second. */
const MOST_PRODUCTS = 250_000;
/** Roundings of each sum that are allowed, relative to the sum of the absolute products. */
const ROUNDINGS = 16;

const EXTENTS = [
  1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 96, 127, 128, 129, 257,
];

type Typed = readonly [operands: DType, result: DType | null];
/** Operands' and result's types; those of kernels of their own are here more than once. */
const TYPES: readonly Typed[] = [
  ...Array.from({ length: 10 }, (): Typed => ["float32", null]),
  ...Array.from({ length: 4 }, (): Typed => ["float64", null]),
  ["float16", null],
  ["float16", "float32"],
  ["float32", "float64"],
  ["int8", "int32"],
  ["int8", "int32"],
  ["int8", null],
  ["int8", "float32"],
  ["uint8", "uint32"],
  ["uint8", "int32"],
  ["int16", "int32"],
  ["int16", null],
  ["uint16", null],
  ["int32", null],
  ["uint32", null],
  ["bool", null],
];
const PRECISIONS: readonly PrecisionPair[] = [null, null, null, ["highest", "highest"]];

/** A value, the most that its elements can be, and how far these may be off. */
interface Bounded {
  readonly value: Operand;
  readonly most: number;
  readonly error: number;
}

/** A contraction of two operands: its graph alone, and what is known of it. */
interface Core {
  readonly graph: Graph;
  /** Products that an element of the result sums, and of the gradient by each operand. */
  readonly terms: { readonly result: number; readonly lhs: number; readonly rhs: number };
  /** The axis of the result that a bias goes along, if it has any axis. */
  readonly biasAxis: number | null;
}

function coreOf(
  lhs: TensorType,
  rhs: TensorType,
  emit: (b: GraphBuilder, x: Operand, y: Operand) => Operand,
): Graph {
  const b = new GraphBuilder();
  return b.finish("core", [emit(b, b.input(lhs), b.input(rhs))]);
}

const shuffled = <T>(random: Random, items: readonly T[]): T[] => {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0]);
};

/** Makes some extents less until their product is not too much. */
function shrink(random: Random, extents: number[]): number[] {
  while (sizeOf(extents) > MOST_PRODUCTS) {
    const most = extents.indexOf(Math.max(...extents));
    extents[most] = Math.max(1, random.chance(0.5) ? extents[most] >> 1 : random.below(extents[most]));
  }
  return extents;
}

/** Axes of a product: batch, free of each side, contracted. */
type Counts = readonly [batch: number, left: number, right: number, contracted: number];
const COUNTS: readonly Counts[] = [
  [0, 1, 1, 1],
  [0, 1, 1, 1],
  [0, 1, 1, 1],
  [1, 1, 1, 1],
  [1, 1, 1, 1],
  [0, 1, 0, 1],
  [0, 0, 1, 1],
  [1, 1, 0, 1],
  [0, 0, 0, 1],
  [0, 1, 1, 0],
  [2, 1, 1, 1],
  [0, 2, 1, 1],
  [0, 1, 2, 2],
  [1, 2, 2, 1],
  [1, 1, 1, 2],
  [2, 0, 0, 1],
];

function randomProduct(random: Random, [dtype, preferred]: Typed): Core {
  const counts = random.pick(COUNTS);
  const starts = counts.map((_, n) => counts.slice(0, n).reduce((sum, count) => sum + count, 0));
  const all = Array.from({ length: starts[3] + counts[3] }, () => random.pick(EXTENTS));
  const extents = shrink(random, all);
  if (random.chance(0.02) && extents.length > 0) extents[random.below(extents.length)] = 0;
  const group = (n: number): number[] => Array.from({ length: counts[n] }, (_, k) => starts[n] + k);
  const [batch, left, right, contracted] = [0, 1, 2, 3].map(group);
  // Each side has its axes in an order of its own, and so do the lists of pairs: most often as a matrix product has them.
  const order = (axes: number[]): number[] => (random.chance(0.4) ? axes : shuffled(random, axes));
  const lhsAxes = order([...batch, ...left, ...contracted]);
  const rhsAxes = order([...batch, ...contracted, ...right]);
  const [batchPairs, contractedPairs] = [order(batch), order(contracted)];
  const typeOf = (axes: readonly number[]): TensorType =>
    tensorType(
      dtype,
      axes.map((axis) => extents[axis]),
    );
  const params: DotParams = {
    lhsBatch: batchPairs.map((axis) => lhsAxes.indexOf(axis)),
    rhsBatch: batchPairs.map((axis) => rhsAxes.indexOf(axis)),
    lhsContracting: contractedPairs.map((axis) => lhsAxes.indexOf(axis)),
    rhsContracting: contractedPairs.map((axis) => rhsAxes.indexOf(axis)),
    precision: random.pick(PRECISIONS),
    preferredElementType: preferred,
  };
  const size = (axes: readonly number[]): number => sizeOf(axes.map((axis) => extents[axis]));
  const rank = counts[0] + counts[1] + counts[2];
  return {
    graph: coreOf(typeOf(lhsAxes), typeOf(rhsAxes), (b, x, y) => b.dotGeneral(x, y, params)),
    terms: { result: size(contracted), lhs: size(right), rhs: size(left) },
    biasAxis: rank === 0 ? null : rank - 1,
  };
}

interface Spatial {
  readonly extent: number;
  readonly window: number;
  readonly stride: number;
  readonly padding: readonly [number, number];
  readonly lhsDilation: number;
  readonly rhsDilation: number;
}

/** How convolutions are drawn. */
type Style = "any" | "usual" | "deep";

/** One dimension of a convolution, with at most so many elements. */
function randomSpatial(random: Random, style: Style, most: number, deepStride: number): Spatial {
  const any = style === "any";
  const window = any ? 1 + random.below(5) : 3;
  const stride = style === "deep" ? deepStride : random.pick(any ? [1, 1, 1, 2, 3] : [1, 1, 1, 2]);
  const lhsDilation = any ? random.pick([1, 1, 1, 2, 3]) : 1;
  const rhsDilation = any ? random.pick([1, 1, 1, 2, 3]) : 1;
  const pad = (): number => (any ? random.below(5) - 1 : random.below(2));
  const padding = [pad(), pad()] as const;
  const extent = style === "deep" ? stride * (7 + random.below(6)) + random.below(2) : 1 + random.below(most);
  // A window that does not fit gives no results, which is worth few cases.
  const least = dilated(window, rhsDilation) - padding[0] - padding[1];
  const fits = dilated(extent, lhsDilation) >= least || random.chance(0.03);
  return {
    extent: fits ? extent : Math.max(1, Math.ceil(least / lhsDilation) + 1),
    window,
    stride,
    padding,
    lhsDilation,
    rhsDilation,
  };
}

const LAYOUTS: readonly { readonly lhs: number[]; readonly rhs: number[] }[] = [
  { lhs: [0, 1, 2, 3], rhs: [0, 1, 2, 3] },
  // NHWC and HWIO.
  { lhs: [0, 3, 1, 2], rhs: [3, 2, 0, 1] },
];

const FEATURES: Readonly<Record<Style, readonly number[]>> = {
  any: [1, 2, 3, 4, 5, 7, 8, 9, 16, 17],
  usual: [1, 3, 15, 16, 17, 20, 24, 33],
  deep: [16, 16, 17, 18, 20, 21],
};

function randomConvolution(random: Random, [dtype, preferred]: Typed): Core {
  const dimensions = random.pick([1, 2, 2, 2, 2, 3]);
  // Windows of 3 × 3 as most networks have them; "deep": with enough features and places for minimal filtering.
  const style: Style = dimensions === 2 ? random.pick(["any", "any", "usual", "deep", "deep"]) : "any";
  const most = (style === "deep" ? 6 : 2) * MOST_PRODUCTS;
  const longest = dimensions === 1 ? 70 : dimensions === 2 ? 20 : 6;
  const deepStride = random.pick([1, 1, 2]);
  const spatial = Array.from({ length: dimensions }, () => randomSpatial(random, style, longest, deepStride));
  const features = (): number => random.pick(FEATURES[style]);
  const kind =
    style === "deep" ? "whole" : random.pick(["whole", "whole", "features", "depthwise", "batches"] as const);
  let [batch, inputs, outputs, featureGroups, batchGroups] = [
    1 + random.below(4),
    features(),
    features(),
    1,
    1,
  ];
  if (kind === "features") {
    featureGroups = random.pick([2, 3]);
    [inputs, outputs] = [inputs * featureGroups, outputs * featureGroups];
  } else if (kind === "depthwise") {
    featureGroups = inputs;
    outputs = inputs * random.pick([1, 1, 2, 3]);
  } else if (kind === "batches") {
    batchGroups = random.pick([2, 3]);
    [batch, outputs] = [batch * batchGroups, outputs * batchGroups];
  }
  const groups = featureGroups * batchGroups;
  const window = sizeOf(spatial.map((d) => d.window));
  const countOf = ({ extent, padding, stride, ...d }: Spatial): number =>
    Math.max(
      0,
      Math.floor(
        (dilated(extent, d.lhsDilation) + padding[0] + padding[1] - dilated(d.window, d.rhsDilation)) /
          stride,
      ) + 1,
    );
  const places = sizeOf(spatial.map(countOf));
  const products = (): number => (batch / batchGroups) * outputs * places * (inputs / featureGroups) * window;
  // Less of what is more than enough, in steps that the groups divide.
  while (products() > most && batch > batchGroups) batch -= batchGroups;
  while (products() > most && outputs > Math.max(groups, 2 * featureGroups)) outputs -= groups;
  while (products() > most && inputs > featureGroups && kind !== "depthwise") inputs -= featureGroups;
  const identity = Array.from({ length: dimensions + 2 }, (_, axis) => axis);
  const anyLayout = (): { lhs: number[]; rhs: number[] } => ({
    lhs: shuffled(random, identity),
    rhs: shuffled(random, identity),
  });
  const usual = dimensions === 2 ? random.pick(LAYOUTS) : { lhs: identity, rhs: identity };
  const layout = random.chance(0.8) ? usual : anyLayout();
  const outSpec = random.chance(0.9) ? layout.lhs : shuffled(random, identity);
  const place = (spec: readonly number[], sizes: readonly number[]): number[] => {
    const shape = new Array<number>(spec.length);
    for (const [n, axis] of spec.entries()) shape[axis] = sizes[n];
    return shape;
  };
  const lhsShape = place(layout.lhs, [batch, inputs, ...spatial.map((d) => d.extent)]);
  const rhsShape = place(layout.rhs, [outputs, inputs / featureGroups, ...spatial.map((d) => d.window)]);
  const params: ConvParams = {
    windowStrides: spatial.map((d) => d.stride),
    padding: spatial.map((d) => d.padding),
    lhsDilation: spatial.map((d) => d.lhsDilation),
    rhsDilation: spatial.map((d) => d.rhsDilation),
    lhsSpec: layout.lhs,
    rhsSpec: layout.rhs,
    outSpec,
    featureGroupCount: featureGroups,
    batchGroupCount: batchGroups,
    precision: random.pick(PRECISIONS),
    preferredElementType: preferred,
  };
  return {
    graph: coreOf(tensorType(dtype, lhsShape), tensorType(dtype, rhsShape), (b, x, y) =>
      b.one("conv_general_dilated", [x, y], params),
    ),
    terms: {
      result: (inputs / featureGroups) * window,
      lhs: (outputs / groups) * window,
      rhs: (batch / batchGroups) * places,
    },
    biasAxis: outSpec[1],
  };
}

/** What vmap makes of a contraction: an axis more of one operand or of both. */
function batched(random: Random, { graph, terms, biasAxis }: Core): Core {
  const size = random.pick([2, 3, 5]);
  const sides = random.pick([
    [true, true],
    [true, false],
    [false, true],
  ]);
  const dims = graph.inputs.map(({ type }, n) => (sides[n] ? random.below(type.shape.length + 1) : null));
  const made = batchGraph(graph, size, dims, [true]);
  const summed = (n: number): number => (sides[n] ? 1 : size);
  const bias = biasAxis === null || biasAxis < (made.outDims[0] ?? 0) ? biasAxis : biasAxis + 1;
  return {
    graph: made.graph,
    terms: { result: terms.result, lhs: terms.lhs * summed(0), rhs: terms.rhs * summed(1) },
    biasAxis: bias,
  };
}

/** What a rounding to the dtype can add. */
const rounding = (most: number, dtype: DType): number => (isFloating(dtype) ? ulpOf(most, dtype) : 0);

/** An operand of the contraction: an input as it is, or something made of it that takes no kernel of its own. */
function operand(b: GraphBuilder, random: Random, type: TensorType): Bounded {
  const { dtype, shape } = type;
  const plain = (): Bounded => ({ value: b.input(type), most: 1, error: 0 });
  const bool = dtype === "bool";
  const axis = shape.length === 0 ? null : random.below(shape.length);
  switch (axis === null || type.size === 0 ? 9 : random.below(10)) {
    case 0:
      return bool ? plain() : { value: b.neg(b.input(type)), most: 1, error: 0 };
    case 1: {
      const x = b.input(type);
      return { value: b.one("rev", [x], { dimensions: [axis ?? 0] }), most: 1, error: 0 };
    }
    case 2: {
      const permutation = shuffled(
        random,
        shape.map((_, n) => n),
      );
      const given = new Array<number>(shape.length);
      for (const [n, from] of permutation.entries()) given[from] = shape[n];
      return { value: b.transpose(b.input(tensorType(dtype, given)), permutation), most: 1, error: 0 };
    }
    case 3: {
      const large = shape.map((n, k) => (k === axis ? 2 * n + 3 : n));
      const x = b.input(tensorType(dtype, large));
      const stride = 1 + random.below(2);
      const startIndices = shape.map((_, k) => (k === axis ? 1 : 0));
      const limitIndices = shape.map((n, k) => (k === axis ? 1 + (n - 1) * stride + 1 : n));
      const strides = shape.map((_, k) => (k === axis ? stride : 1));
      return { value: b.one("slice", [x], { startIndices, limitIndices, strides }), most: 1, error: 0 };
    }
    case 4: {
      const kept = shape.map((_, k) => k).filter((k) => k !== axis);
      const x = b.input(
        tensorType(
          dtype,
          kept.map((k) => shape[k]),
        ),
      );
      return { value: b.broadcastInDim(x, shape, kept), most: 1, error: 0 };
    }
    case 5: {
      const x = b.input(type);
      const y = b.input(type);
      if (bool) return { value: b.binary("and", x, y), most: 1, error: 0 };
      const most = 2;
      return { value: b.add(x, y), most, error: rounding(most, dtype) };
    }
    case 6: {
      if (!isFloating(dtype)) return plain();
      return { value: b.unary("tanh", b.input(type)), most: 1, error: 4 * rounding(1, dtype) };
    }
    default:
      return plain();
  }
}

/** What follows the contraction: none of it makes differences more than it says. */
function after(b: GraphBuilder, random: Random, x: Bounded, biasAxis: number | null): Bounded {
  const { dtype, shape } = x.value.type;
  if (dtype === "bool") return { ...x, value: b.unary("not", x.value) };
  const floating = isFloating(dtype);
  switch (random.below(6)) {
    case 0: {
      if (biasAxis === null) return x;
      const bias = b.input(tensorType(dtype, [shape[biasAxis]]));
      const most = x.most + 1;
      const value = b.add(x.value, b.broadcastInDim(bias, shape, [biasAxis]));
      return { value, most, error: x.error + rounding(most, dtype) };
    }
    case 1:
      return { ...x, value: b.binary("max", x.value, b.like(x.value, 0)) };
    case 2: {
      const most = x.most + 1;
      return {
        value: b.add(x.value, b.input(x.value.type)),
        most,
        error: x.error + rounding(most, dtype),
      };
    }
    case 3:
      if (!floating) return { ...x, value: b.binary("min", x.value, b.like(x.value, 7)) };
      return { value: b.unary("tanh", x.value), most: 1, error: x.error + 4 * rounding(1, dtype) };
    case 4: {
      if (!floating)
        return { ...x, value: b.convert(x.value, "float32"), error: rounding(x.most, "float32") };
      // x · logistic(x): uses of the result in two places. Its slope is at most 1.1.
      const value = b.mul(x.value, b.unary("logistic", x.value));
      return { value, most: x.most, error: 1.1 * x.error + 8 * rounding(x.most, dtype) };
    }
    default:
      return x;
  }
}

/** The result of a contraction: its roundings, and what those of its operands become. */
function bounded(value: Operand, terms: number, x: Bounded, y: Bounded): Bounded {
  const { dtype } = value.type;
  const most = terms * x.most * y.most;
  const sums = ROUNDINGS * rounding(most, accumulationDType(dtype));
  const error =
    terms * (x.most * y.error + y.most * x.error + x.error * y.error) + sums + rounding(most, dtype);
  return { value, most, error };
}

/** The next random contraction. */
export function randomContraction(random: Random): RandomContraction {
  const types = random.pick(TYPES);
  const one = random.chance(0.5) ? randomProduct(random, types) : randomConvolution(random, types);
  const core = random.chance(0.15) ? batched(random, one) : one;
  const { graph, terms, biasAxis } = core;
  const [lhs, rhs] = graph.inputs;
  const b = new GraphBuilder();
  const x = operand(b, random, lhs.type);
  const y = operand(b, random, rhs.type);
  if (isFloating(lhs.type.dtype) && types[1] === null && random.chance(0.3)) {
    const ct = operand(b, random, graph.outputs[0].type);
    const [byX] = b.inline(transposeGraph(graph, [true, false]), [y.value, ct.value]);
    const [byY] = b.inline(transposeGraph(graph, [false, true]), [x.value, ct.value]);
    const both = [bounded(byX, terms.lhs, ct, y), bounded(byY, terms.rhs, x, ct)];
    return finish(b, random.chance(0.5) ? both : [random.pick(both)]);
  }
  const [product] = b.inline(graph, [x.value, y.value]);
  const result = bounded(product, terms.result, x, y);
  const first = after(b, random, result, biasAxis);
  const last = random.chance(0.5) ? after(b, random, first, biasAxis) : first;
  // Sometimes somebody wants the result itself besides.
  return finish(b, random.chance(0.15) && last !== result ? [last, result] : [last]);
}

function finish(b: GraphBuilder, outputs: readonly Bounded[]): RandomContraction {
  return {
    graph: b.finish(
      "contraction",
      outputs.map(({ value }) => value),
    ),
    bounds: outputs.map(({ error }) => error),
  };
}
