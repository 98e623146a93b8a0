/** The operations on arrays that bodies of nests are made of: what each means, in the reference and in Weft. */
import { lax, type NdArray, numpy as np } from "weft";
import type { Random } from "../../helpers/random.ts";
import type { Num } from "./numbers.ts";
import * as n from "./numbers.ts";
import { type Attributes, type Shape, sizeOf } from "./program.ts";

/** An array of the reference: elements in row-major order. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: readonly Num[];
}

/** Operands of a new step by their places in a list of shapes, with its attributes. */
export interface Drawn {
  readonly args: readonly number[];
  readonly attributes: Attributes;
}

export interface Operation {
  /** Picks operands among arrays of these shapes; null where none fits. */
  draw(random: Random, shapes: readonly Shape[]): Drawn | null;
  /** The shape of the result; null where operands and attributes do not go together. */
  infer(shapes: readonly Shape[], attributes: Attributes): Shape | null;
  reference(tensors: readonly Tensor[], attributes: Attributes, shape: Shape): Num[];
  weft(arrays: readonly NdArray[], attributes: Attributes): NdArray;
  /** Results jump where operands cross a border: no comparison of roundings. */
  readonly jumps?: true;
}

/** Elements beyond which arrays do not grow. */
const MOST = 48;

const strides = (shape: Shape): number[] => {
  const steps = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) steps[i] = steps[i + 1] * shape[i + 1];
  return steps;
};

/** The coordinates of all elements of a shape, in row-major order. */
export function coordinates(shape: Shape): number[][] {
  const steps = strides(shape);
  return Array.from({ length: sizeOf(shape) }, (_, at) => shape.map((d, i) => Math.floor(at / steps[i]) % d));
}

export function offset(shape: Shape, at: readonly number[]): number {
  const steps = strides(shape);
  return at.reduce((sum, c, i) => sum + c * steps[i], 0);
}

function unary(reference: (x: Num) => Num, weft: (x: NdArray) => NdArray): Operation {
  return {
    draw: (random, shapes) => ({ args: [random.below(shapes.length)], attributes: {} }),
    infer: ([shape]) => shape,
    reference: ([x]) => x.data.map(reference),
    weft: ([x]) => weft(x),
  };
}

function broadcast(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    const p = a[a.length - rank + i] ?? 1;
    const q = b[b.length - rank + i] ?? 1;
    if (p !== q && p !== 1 && q !== 1) return null;
    shape.push(p === 1 ? q : p);
  }
  return shape;
}

const elementAt = (x: Tensor, at: readonly number[]): Num => {
  const own = at.slice(at.length - x.shape.length).map((c, i) => (x.shape[i] === 1 ? 0 : c));
  return x.data[offset(x.shape, own)];
};

function binary(
  reference: (x: Num, y: Num) => Num,
  weft: (x: NdArray, y: NdArray) => NdArray,
  jumps?: true,
): Operation {
  return {
    draw(random, shapes) {
      const first = random.below(shapes.length);
      const fitting = shapes.flatMap((shape, i) => {
        const result = broadcast(shapes[first], shape);
        return result !== null && sizeOf(result) <= MOST ? [i] : [];
      });
      return fitting.length === 0 ? null : { args: [first, random.pick(fitting)], attributes: {} };
    },
    infer: ([a, b]) => broadcast(a, b),
    reference: ([x, y], _, shape) =>
      coordinates(shape).map((at) => reference(elementAt(x, at), elementAt(y, at))),
    weft: ([x, y]) => weft(x, y),
    ...(jumps && { jumps }),
  };
}

function axesOf(random: Random, shape: Shape): number[] {
  return shape.map((_, i) => i).filter(() => random.chance(0.5));
}

/** A reduction over some axes. */
function reduction(
  combine: (elements: readonly Num[]) => Num,
  weft: (x: NdArray, axis: number[]) => NdArray,
  options: { readonly nonempty?: true; readonly jumps?: true } = {},
): Operation {
  return {
    draw(random, shapes) {
      const arg = random.below(shapes.length);
      const axes = axesOf(random, shapes[arg]);
      return { args: [arg], attributes: { axes } };
    },
    infer([shape], { axes }) {
      if (axes.some((axis) => axis >= shape.length)) return null;
      if (options.nonempty && axes.some((axis) => shape[axis] === 0)) return null;
      return shape.filter((_, i) => !axes.includes(i));
    },
    reference([x], { axes }, shape) {
      const groups: Num[][] = Array.from({ length: sizeOf(shape) }, () => []);
      for (const [i, at] of coordinates(x.shape).entries()) {
        groups[
          offset(
            shape,
            at.filter((_, axis) => !axes.includes(axis)),
          )
        ].push(x.data[i]);
      }
      return groups.map(combine);
    },
    weft: ([x], { axes }) => (axes.length === 0 && options.nonempty ? x.mul(1) : weft(x, [...axes])),
    ...(options.jumps && { jumps: true as const }),
  };
}

/** The element of another place for every place of the result: movement and indexing. */
function movement(
  draw: (random: Random, shape: Shape) => Attributes | null,
  infer: (shape: Shape, attributes: Attributes) => Shape | null,
  source: (
    at: readonly number[],
    shape: Shape,
    attributes: Attributes,
    result: Shape,
  ) => readonly number[] | null,
  weft: (x: NdArray, attributes: Attributes) => NdArray,
): Operation {
  return {
    draw(random, shapes) {
      const arg = random.below(shapes.length);
      const attributes = draw(random, shapes[arg]);
      return attributes === null ? null : { args: [arg], attributes };
    },
    infer: ([shape], attributes) => infer(shape, attributes),
    reference: ([x], attributes, shape) =>
      coordinates(shape).map((at) => {
        const from = source(at, x.shape, attributes, shape);
        return from === null ? 0 : x.data[offset(x.shape, from)];
      }),
    weft: ([x], attributes) => weft(x, attributes),
  };
}

const axisOf = (random: Random, shape: Shape): number | null =>
  shape.length === 0 ? null : random.below(shape.length);

const withAxis =
  (make: (random: Random, axis: number, size: number) => Attributes | null) =>
  (random: Random, shape: Shape): Attributes | null => {
    const axis = axisOf(random, shape);
    return axis === null ? null : make(random, axis, shape[axis]);
  };

const replaced = (list: readonly number[], at: number, value: number): number[] =>
  list.map((x, i) => (i === at ? value : x));

const scanned = (x: Tensor, axis: number, run: (line: readonly Num[]) => readonly Num[]): Num[] => {
  const results: Num[] = Array.from({ length: x.data.length }, () => 0);
  for (const at of coordinates(replaced(x.shape, axis, x.shape[axis] === 0 ? 0 : 1))) {
    const places = Array.from({ length: x.shape[axis] }, (_, i) => offset(x.shape, replaced(at, axis, i)));
    for (const [i, y] of run(places.map((p) => x.data[p])).entries()) results[places[i]] = y;
  }
  return results;
};

const alongAxis = (
  run: (line: readonly Num[]) => readonly Num[],
  weft: (x: NdArray, axis: number) => NdArray,
  jumps?: true,
): Operation => ({
  draw(random, shapes) {
    const arg = random.below(shapes.length);
    const axis = axisOf(random, shapes[arg]);
    return axis === null ? null : { args: [arg], attributes: { axis: [axis] } };
  },
  infer: ([shape], { axis }) => (axis[0] < shape.length ? shape : null),
  reference: ([x], { axis }) => scanned(x, axis[0], run),
  weft: ([x], { axis }) => weft(x, axis[0]),
  ...(jumps && { jumps }),
});

const sum = (elements: readonly Num[]): Num => elements.reduce(n.add, 0);

/** As JAX: the mean of the tangents of all greatest elements. */
function greatest(elements: readonly Num[]): Num {
  const top = Math.max(...elements.map(n.plain));
  const best = elements.filter((x) => n.margin(n.plain(x), top) === 0);
  return n.mul(1 / best.length, sum(best));
}

const one = (x: NdArray): NdArray => x.mul(0).add(1);

/** A number computed from an array chooses one of `count` places. */
export function choose(x: Tensor, count: number): number {
  const total = x.data.reduce((s: number, y) => s + n.plain(y), 0);
  const doubled = Math.abs(total) * 2;
  n.margin(doubled, Math.round(doubled));
  return Math.min(count - 1, Math.floor(doubled));
}

export function chooseInWeft(x: NdArray, count: number): NdArray {
  return np.minimum(np.floor(np.abs(np.sum(x)).mul(2)), count - 1).astype("int32");
}

const chooses = (x: Shape, y: Shape): boolean => x.length > 0 && x[0] > 0 && sizeOf(y) > 0;

const INDEXING: Readonly<Record<string, Operation>> = {
  /** x[i], with i computed from another array. */
  at: {
    draw(random, shapes) {
      const args = [random.below(shapes.length), random.below(shapes.length)];
      return chooses(shapes[args[0]], shapes[args[1]]) ? { args, attributes: {} } : null;
    },
    infer: ([x, y]) => (chooses(x, y) ? x.slice(1) : null),
    reference([x, y], _, shape) {
      const start = choose(y, x.shape[0]) * sizeOf(shape);
      return x.data.slice(start, start + sizeOf(shape));
    },
    weft: ([x, y]) => x.slice(chooseInWeft(y, x.shape[0])),
    jumps: true,
  },
  /** x with y added to x[i], with i computed from y. */
  addAt: {
    draw(random, shapes) {
      const arg = random.below(shapes.length);
      const rows = shapes.flatMap((s, i) => (s.join() === shapes[arg].slice(1).join() ? [i] : []));
      if (shapes[arg].length === 0 || rows.length === 0) return null;
      const args = [arg, random.pick(rows)];
      return chooses(shapes[arg], shapes[args[1]]) ? { args, attributes: {} } : null;
    },
    infer: ([x, y]) => (chooses(x, y) && x.slice(1).join() === y.join() ? x : null),
    reference([x, y]) {
      const start = choose(y, x.shape[0]) * y.data.length;
      return x.data.map((v, i) =>
        i >= start && i < start + y.data.length ? n.add(v, y.data[i - start]) : v,
      );
    },
    weft: ([x, y]) => x.at(chooseInWeft(y, x.shape[0])).add(y),
    jumps: true,
  },
  /** Rows by a list of places, repeated ones included. */
  take: movement(
    (random, shape) => {
      if (shape.length === 0 || shape[0] === 0) return null;
      const count = random.below(4);
      if ((sizeOf(shape) / shape[0]) * count > MOST) return null;
      return { indices: Array.from({ length: count }, () => random.below(shape[0])) };
    },
    (shape, { indices }) =>
      shape.length === 0 || indices.some((i) => i >= shape[0]) ? null : [indices.length, ...shape.slice(1)],
    (at, _, { indices }) => [indices[at[0]], ...at.slice(1)],
    (x, { indices }) => np.take(x, np.array([...indices], { dtype: "int32" }), { axis: 0 }),
  ),
  /** Any shape from any other: elements in order, again from the first where they run out. */
  fit: movement(
    () => null,
    (shape, attributes) => (sizeOf(shape) === 0 && sizeOf(attributes.shape) > 0 ? null : attributes.shape),
    (at, shape, _, result) => coordinates(shape)[offset(result, at) % sizeOf(shape)],
    (x, { shape }) => {
      const indices = Array.from({ length: sizeOf(shape) }, (_, i) => i % Math.max(x.size, 1));
      const flat = x.reshape([x.size]);
      const taken = x.size === indices.length ? flat : flat.slice(np.array(indices, { dtype: "int32" }));
      return taken.reshape([...shape]);
    },
  ),
};

const MOVEMENT: Readonly<Record<string, Operation>> = {
  transpose: movement(
    (random, shape) => ({ axes: shape.map((_, i) => i).sort(() => random.next() - 0.5) }),
    (shape, { axes }) => (axes.length === shape.length ? axes.map((axis) => shape[axis]) : null),
    (at, shape, { axes }) => shape.map((_, axis) => at[axes.indexOf(axis)]),
    (x, { axes }) => x.transpose([...axes]),
  ),
  flip: movement(
    withAxis((_, axis) => ({ axis: [axis] })),
    (shape, { axis }) => (axis[0] < shape.length ? shape : null),
    (at, shape, { axis: [axis] }) => replaced(at, axis, shape[axis] - 1 - at[axis]),
    (x, { axis }) => np.flip(x, axis[0]),
  ),
  ravel: movement(
    () => ({}),
    (shape) => [sizeOf(shape)],
    (at, shape) => coordinates(shape)[at[0]],
    (x) => x.ravel(),
  ),
  expand: movement(
    (random, shape) => ({ axis: [random.below(shape.length + 1)] }),
    (shape, { axis }) =>
      axis[0] <= shape.length ? [...shape.slice(0, axis[0]), 1, ...shape.slice(axis[0])] : null,
    (at, _, { axis }) => at.filter((_, i) => i !== axis[0]),
    (x, { axis }) => np.expandDims(x, axis[0]),
  ),
  repeat: movement(
    (random, shape) => {
      const count = random.below(4);
      return sizeOf(shape) * count > MOST ? null : { count: [count] };
    },
    (shape, { count }) => [count[0], ...shape],
    (at) => at.slice(1),
    (x, { count }) => np.broadcastTo(x, [count[0], ...x.shape]),
  ),
  slice: movement(
    withAxis((random, axis, size) => {
      const start = random.below(size + 1);
      return { axis: [axis], range: [start, start + random.below(size - start + 1), 1 + random.below(2)] };
    }),
    (shape, { axis: [axis], range: [start, stop, step] }) =>
      axis < shape.length && stop <= shape[axis] && start <= stop
        ? replaced(shape, axis, Math.ceil((stop - start) / step))
        : null,
    (at, _, { axis: [axis], range: [start, , step] }) => replaced(at, axis, start + step * at[axis]),
    (x, { axis: [axis], range: [start, stop, step] }) =>
      lax.slice(
        x,
        x.shape.map((_, i) => (i === axis ? start : 0)),
        replaced(x.shape, axis, stop),
        x.shape.map((_, i) => (i === axis ? step : 1)),
      ),
  ),
  pad: movement(
    (random, shape) => {
      if (shape.length === 0) return null;
      const axis = random.below(shape.length);
      const widths = [random.below(3), random.below(3)];
      const grown = replaced(shape, axis, shape[axis] + widths[0] + widths[1]);
      return sizeOf(grown) > MOST ? null : { axis: [axis], widths };
    },
    (shape, { axis: [axis], widths: [low, high] }) =>
      axis < shape.length ? replaced(shape, axis, shape[axis] + low + high) : null,
    (at, shape, { axis: [axis], widths: [low] }) => {
      const from = at[axis] - low;
      return from >= 0 && from < shape[axis] ? replaced(at, axis, from) : null;
    },
    (x, { axis: [axis], widths: [low, high] }) =>
      np.pad(
        x,
        x.shape.map((_, i): [number, number] => (i === axis ? [low, high] : [0, 0])),
      ),
  ),
};

const PRODUCTS: Readonly<Record<string, Operation>> = {
  matmul: {
    draw(random, shapes) {
      const pairs = shapes.flatMap((a, i) =>
        shapes.flatMap((b, j) => {
          const shape = matmulShape(a, b);
          return shape !== null && sizeOf(shape) <= MOST ? [[i, j]] : [];
        }),
      );
      return pairs.length === 0 ? null : { args: random.pick(pairs), attributes: {} };
    },
    infer: ([a, b]) => matmulShape(a, b),
    reference([x, y], _, shape) {
      const depth = x.shape[x.shape.length - 1];
      return coordinates(shape).map((at) => {
        const row = x.shape.length === 2 ? [at[0]] : [];
        const column = y.shape.length === 2 ? [at[at.length - 1]] : [];
        return sum(
          Array.from({ length: depth }, (_, k) =>
            n.mul(x.data[offset(x.shape, [...row, k])], y.data[offset(y.shape, [k, ...column])]),
          ),
        );
      });
    },
    weft: ([x, y]) => x.matmul(y),
  },
  outer: {
    draw(random, shapes) {
      const args = [random.below(shapes.length), random.below(shapes.length)];
      return sizeOf(shapes[args[0]]) * sizeOf(shapes[args[1]]) <= MOST ? { args, attributes: {} } : null;
    },
    infer: ([a, b]) => [...a, ...b],
    reference: ([x, y]) => x.data.flatMap((p) => y.data.map((q) => n.mul(p, q))),
    weft: ([x, y]) => np.tensordot(x, y, 0),
  },
  concatenate: {
    draw(random, shapes) {
      const first = random.below(shapes.length);
      if (shapes[first].length === 0) return null;
      const axis = random.below(shapes[first].length);
      const rest = (shape: Shape) => replaced(shape, axis, 0).join();
      const fitting = shapes.flatMap((shape, i) =>
        shape.length === shapes[first].length && rest(shape) === rest(shapes[first]) ? [i] : [],
      );
      const args = [first, random.pick(fitting)];
      return args.reduce((s, i) => s + sizeOf(shapes[i]), 0) > MOST
        ? null
        : { args, attributes: { axis: [axis] } };
    },
    infer([a, b], { axis: [axis] }) {
      if (a.length !== b.length || axis >= a.length) return null;
      if (a.some((d, i) => i !== axis && d !== b[i])) return null;
      return replaced(a, axis, a[axis] + b[axis]);
    },
    reference: ([x, y], { axis: [axis] }, shape) =>
      coordinates(shape).map((at) => {
        const past = at[axis] - x.shape[axis];
        return past < 0 ? x.data[offset(x.shape, at)] : y.data[offset(y.shape, replaced(at, axis, past))];
      }),
    weft: ([x, y], { axis: [axis] }) => np.concatenate([x, y], { axis }),
  },
};

function matmulShape(a: Shape, b: Shape): Shape | null {
  if (a.length < 1 || b.length < 1 || a.length > 2 || b.length > 2) return null;
  if (a[a.length - 1] !== b[0]) return null;
  return [...a.slice(0, -1), ...b.slice(1)];
}

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  neg: unary(n.neg, (x) => x.neg()),
  sin: unary(n.sin, np.sin),
  cos: unary(n.cos, np.cos),
  tanh: unary(n.tanh, np.tanh),
  logistic: unary(n.logistic, lax.logistic),
  abs: unary(n.abs, np.abs),
  square: unary((x) => n.mul(x, x), np.square),
  cube: unary(
    (x) => n.mul(n.mul(x, x), x),
    (x) => lax.integerPow(x, 3),
  ),
  half: unary(
    (x) => n.mul(0.5, x),
    (x) => x.mul(0.5),
  ),
  expOfSine: unary(
    (x) => n.exp(n.sin(x)),
    (x) => np.exp(np.sin(x)),
  ),
  hypotenuse: unary(
    (x) => n.sqrt(n.add(1, n.mul(x, x))),
    (x) => np.sqrt(x.mul(x).add(1)),
  ),
  logOfSquare: unary(
    (x) => n.log(n.add(1, n.mul(x, x))),
    (x) => np.log1p(x.mul(x)),
  ),
  one: unary(() => 1, one),
  add: binary(n.add, (x, y) => x.add(y)),
  sub: binary(n.sub, (x, y) => x.sub(y)),
  mul: binary(n.mul, (x, y) => x.mul(y)),
  ratio: binary(
    (x, y) => n.div(x, n.add(1, n.mul(y, y))),
    (x, y) => x.div(y.mul(y).add(1)),
  ),
  max: binary(n.max, np.maximum, true),
  min: binary(n.min, np.minimum, true),
  where: binary(
    (x, y) => (n.margin(n.plain(x), n.plain(y)) > 0 ? n.mul(x, y) : n.sin(y)),
    (x, y) => np.where(x.greater(y), x.mul(y), np.sin(y)),
    true,
  ),
  sum: reduction(sum, (x, axis) => np.sum(x, { axis })),
  mean: reduction(
    (elements) => n.div(sum(elements), elements.length),
    (x, axis) => np.mean(x, { axis }),
    { nonempty: true },
  ),
  prod: reduction(
    (elements) => elements.reduce(n.mul, 1),
    (x, axis) => np.prod(x, { axis }),
  ),
  amax: reduction(greatest, (x, axis) => np.max(x, { axis }), { nonempty: true, jumps: true }),
  cumsum: alongAxis(
    (line) => line.map((_, i) => sum(line.slice(0, i + 1))),
    (x, axis) => np.cumsum(x, { axis }),
  ),
  cumprod: alongAxis(
    (line) => line.map((_, i) => line.slice(0, i + 1).reduce(n.mul, 1)),
    (x, axis) => np.cumprod(x, { axis }),
  ),
  sort: alongAxis(
    (line) => [...line].sort((a, b) => n.margin(n.plain(a), n.plain(b))),
    (x, axis) => np.sort(x, { axis }),
    true,
  ),
  ...MOVEMENT,
  ...INDEXING,
  ...PRODUCTS,
};
