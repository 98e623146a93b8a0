/** Operations that rename, repeat or turn axes: transpose, broadcast_in_dim, rev. */
import { definePrimitive } from "../../graph/primitive.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { tensorType } from "../../types/tensor-type.ts";
import { linearJvp, noCost, onlyCotangent, range } from "../linear.ts";
import { reader, tabulate } from "../reference-tensors.ts";
import { of } from "../test-operands.ts";
import { checkArity, checkShape, formatShape } from "../typing.ts";

function inverted(permutation: readonly number[]): number[] {
  const inverse = new Array<number>(permutation.length);
  for (const [i, p] of permutation.entries()) inverse[p] = i;
  return inverse;
}

/** Axis `i` of the result is axis `permutation[i]` of the operand (lax.transpose). */
export const transpose = definePrimitive<{ readonly permutation: readonly number[] }>({
  name: "transpose",
  infer(inputs, { permutation }) {
    checkArity("transpose", inputs, 1);
    const [x] = inputs;
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== x.shape.length || !sorted.every((axis, i) => axis === i)) {
      throw new WeftTypeError(
        "transpose permutation isn't a permutation of operand dimensions, " +
          `got permutation ${formatShape(permutation)} for operand shape ${formatShape(x.shape)}.`,
      );
    }
    const shape = permutation.map((axis) => x.shape[axis]);
    return [tensorType(x.dtype, shape)];
  },
  evaluate([x], { permutation }) {
    const at = reader(x);
    const shape = permutation.map((axis) => x.type.shape[axis]);
    const index = new Array<number>(permutation.length);
    return [
      tabulate(tensorType(x.type.dtype, shape), (i) => {
        for (const [k, axis] of permutation.entries()) index[axis] = i[k];
        return at(index);
      }),
    ];
  },
  jvp: linearJvp(1, (b, [x], { permutation }) => b.transpose(x, permutation)),
  transpose(b, cotangents, _inputs, { permutation }) {
    return [b.transpose(onlyCotangent(cotangents), inverted(permutation))];
  },
  batch(b, [x], dims, { permutation }) {
    const dim = dims[0] ?? 0;
    const shifted = permutation.map((axis) => (axis < dim ? axis : axis + 1));
    return { outputs: [b.transpose(x, [dim, ...shifted])], dims: [0] };
  },
  lower: {
    kind: "map",
    cost: "movement",
    element: (_s, [x], i, { params }) => [x(inverted(params.permutation).map((k) => i[k]))],
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [3, 5])], params: { permutation: [1, 0] } },
      { inputs: [of("float32", [2, 3, 4])], params: { permutation: [2, 0, 1] } },
      { inputs: [of("float64", [2, 3, 1, 5])], params: { permutation: [3, 1, 0, 2] } },
      { inputs: [of("float32", [])], params: { permutation: [] } },
      { inputs: [of("float32", [7])], params: { permutation: [0] } },
      { inputs: [of("float32", [0, 3])], params: { permutation: [1, 0] } },
      { inputs: [of("uint8", [17, 9], "any")], params: { permutation: [1, 0] } },
      { inputs: [of("bool", [2, 3], "bool")], params: { permutation: [1, 0] } },
      { inputs: [of("float16", [2, 3])], params: { permutation: [1, 0] } },
    ],
  },
});

/** Axis `i` of the operand becomes axis `broadcastDimensions[i]`; extents of 1 are repeated (lax.broadcast_in_dim). */
export const broadcastInDim = definePrimitive<{
  readonly shape: readonly number[];
  readonly broadcastDimensions: readonly number[];
}>({
  name: "broadcast_in_dim",
  infer(inputs, { shape, broadcastDimensions: dims }) {
    checkArity("broadcast_in_dim", inputs, 1);
    checkShape("broadcast_in_dim", shape);
    const [x] = inputs;
    const rank = x.shape.length;
    if (rank !== dims.length) {
      throw new WeftTypeError(
        "broadcast_in_dim broadcast_dimensions must have length equal to operand ndim; " +
          `got broadcast_dimensions ${formatShape(dims)} for operand ndim ${rank}.`,
      );
    }
    if (shape.length < rank) {
      throw new WeftTypeError(
        "broadcast_in_dim target broadcast shape must have equal or higher rank to the operand shape; " +
          `got operand ndim ${rank} and target broadcast ndim ${shape.length}.`,
      );
    }
    if (!dims.every((d) => Number.isInteger(d) && d >= 0 && d < shape.length)) {
      throw new WeftTypeError(
        "broadcast_in_dim broadcast_dimensions must be a subset of output dimensions, " +
          `got ${formatShape(dims)} for operand ndim ${rank} and shape ${formatShape(shape)}.`,
      );
    }
    if (!dims.every((d, i) => x.shape[i] === 1 || x.shape[i] === shape[d])) {
      throw new WeftTypeError(
        "broadcast_in_dim operand dimension sizes must either be 1, or be equal to their corresponding dimensions " +
          `in the target broadcast shape; got operand of shape ${formatShape(x.shape)}, ` +
          `target broadcast shape ${formatShape(shape)}, broadcast_dimensions ${formatShape(dims)}`,
      );
    }
    if (new Set(dims).size !== dims.length) {
      throw new WeftTypeError(
        "broadcast_in_dim broadcast_dimensions must not contain duplicates, " +
          `got broadcast_dimensions ${formatShape(dims)}`,
      );
    }
    return [tensorType(x.dtype, shape)];
  },
  evaluate([x], { shape, broadcastDimensions }) {
    const at = reader(x);
    return [
      tabulate(tensorType(x.type.dtype, shape), (i) =>
        at(broadcastDimensions.map((d, axis) => (x.type.shape[axis] === 1 ? 0 : i[d]))),
      ),
    ];
  },
  jvp: linearJvp(1, (b, [x], p) => b.broadcastInDim(x, p.shape, p.broadcastDimensions)),
  transpose(b, cotangents, [x], { shape, broadcastDimensions }) {
    // The sum over every axis that repeats an element; what is left are the operand's axes, possibly out of order.
    const { shape: from } = x.type;
    const source = range(shape.length).map((axis) => broadcastDimensions.indexOf(axis));
    const isRepeated = (axis: number) => source[axis] < 0 || (from[source[axis]] === 1 && shape[axis] !== 1);
    const repeated = range(shape.length).filter(isRepeated);
    const kept = range(shape.length).filter((axis) => !isRepeated(axis));
    const summed = b.sum(onlyCotangent(cotangents), repeated);
    const order = range(from.length)
      .map((axis) => kept.indexOf(broadcastDimensions[axis]))
      .filter((at) => at >= 0);
    return [b.reshape(b.transpose(summed, order), from)];
  },
  batch(b, [x], dims, { shape, broadcastDimensions }, { size }) {
    const moved = b.moveAxis(x, dims[0] ?? 0, 0);
    const outputs = [
      b.broadcastInDim(moved, [size, ...shape], [0, ...broadcastDimensions.map((d) => d + 1)]),
    ];
    return { outputs, dims: [0] };
  },
  lower: {
    kind: "map",
    cost: "movement",
    element(s, [x], i, { params }) {
      return [x(params.broadcastDimensions.map((d, axis) => (x.type.shape[axis] === 1 ? s.int(0) : i[d])))];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [])], params: { shape: [3, 5], broadcastDimensions: [] } },
      { inputs: [of("float32", [5])], params: { shape: [3, 5], broadcastDimensions: [1] } },
      { inputs: [of("float32", [3])], params: { shape: [3, 5], broadcastDimensions: [0] } },
      { inputs: [of("float64", [3, 1])], params: { shape: [2, 3, 7], broadcastDimensions: [1, 2] } },
      { inputs: [of("float32", [1, 1])], params: { shape: [1, 4, 1], broadcastDimensions: [0, 1] } },
      { inputs: [of("float32", [2, 3])], params: { shape: [3, 4, 2], broadcastDimensions: [2, 0] } },
      { inputs: [of("float32", [3])], params: { shape: [3], broadcastDimensions: [0] } },
      { inputs: [of("float32", [1])], params: { shape: [0, 2], broadcastDimensions: [0] } },
      { inputs: [of("float32", [0])], params: { shape: [4, 0], broadcastDimensions: [1] } },
      { inputs: [of("bool", [3], "bool")], params: { shape: [2, 3], broadcastDimensions: [1] } },
      { inputs: [of("int16", [1], "any")], params: { shape: [9], broadcastDimensions: [0] } },
      { inputs: [of("float16", [2])], params: { shape: [2, 3], broadcastDimensions: [0] } },
    ],
  },
});

/** The elements in reverse order along each of `dimensions` (lax.rev). */
export const rev = definePrimitive<{ readonly dimensions: readonly number[] }>({
  name: "rev",
  infer(inputs, { dimensions }) {
    checkArity("rev", inputs, 1);
    const [x] = inputs;
    if (new Set(dimensions).size !== dimensions.length) {
      throw new WeftTypeError(`rev dimensions must be unique, got ${formatShape(dimensions)}.`);
    }
    if (!dimensions.every((d) => Number.isInteger(d) && d >= 0 && d < x.shape.length)) {
      throw new WeftTypeError(
        "rev dimensions must all be less than operand ndim, " +
          `got dimensions ${formatShape(dimensions)} for operand ndim ${x.shape.length}.`,
      );
    }
    return [x];
  },
  evaluate([x], { dimensions }) {
    const at = reader(x);
    return [
      tabulate(x.type, (i) =>
        at(i.map((n, axis) => (dimensions.includes(axis) ? x.type.shape[axis] - 1 - n : n))),
      ),
    ];
  },
  jvp: linearJvp(1, (b, [x], p) => b.one("rev", [x], p)),
  transpose(b, cotangents, _inputs, params) {
    return [b.one("rev", [onlyCotangent(cotangents)], params)];
  },
  batch(b, [x], dims, { dimensions }) {
    const dim = dims[0] ?? 0;
    const shifted = dimensions.map((axis) => (axis < dim ? axis : axis + 1));
    return { outputs: [b.one("rev", [x], { dimensions: shifted })], dims: [dim] };
  },
  lower: {
    kind: "map",
    cost: "movement",
    element(s, [x], i, { params }) {
      const { shape } = x.type;
      return [
        x(i.map((n, axis) => (params.dimensions.includes(axis) ? s.sub(s.int(shape[axis] - 1), n) : n))),
      ];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [7])], params: { dimensions: [0] } },
      { inputs: [of("float32", [3, 5])], params: { dimensions: [1] } },
      { inputs: [of("float64", [3, 2, 4])], params: { dimensions: [0, 2] } },
      { inputs: [of("float32", [3, 5])], params: { dimensions: [] } },
      { inputs: [of("float32", [])], params: { dimensions: [] } },
      { inputs: [of("float32", [0, 2])], params: { dimensions: [0] } },
      { inputs: [of("uint32", [5], "any")], params: { dimensions: [0] } },
      { inputs: [of("bool", [5], "bool")], params: { dimensions: [0] } },
    ],
  },
});
