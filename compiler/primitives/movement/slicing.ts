/** slice and pad: static windows of a tensor, and their inverse. */
import { definePrimitive } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import { type Shape, tensorType } from "../../types/tensor-type.ts";
import { inserted, isLinear, linearJvp, noCost, onlyCotangent, range } from "../linear.ts";
import { reader, tabulate } from "../reference-tensors.ts";
import { of } from "../test-operands.ts";
import { checkArity, checkSameDtypes, formatShape } from "../typing.ts";

type SliceParams = {
  readonly startIndices: readonly number[];
  readonly limitIndices: readonly number[];
  readonly strides: readonly number[];
};

function sliceShape({ startIndices, limitIndices, strides }: SliceParams): number[] {
  return strides.map((stride, axis) => Math.ceil((limitIndices[axis] - startIndices[axis]) / stride));
}

function checkSlice(shape: Shape, { startIndices, limitIndices, strides }: SliceParams): void {
  const start = formatShape(startIndices);
  const limit = formatShape(limitIndices);
  const fail = (message: string): never => {
    throw new WeftTypeError(message);
  };
  for (const list of [startIndices, limitIndices, strides]) {
    if (!list.every(Number.isInteger)) fail(`slice indices must be integers, got ${formatShape(list)}.`);
  }
  if (startIndices.length !== shape.length) {
    fail(
      "slice start_indices must have length equal to the number of dimensions of the operand, " +
        `got indices ${start} for operand shape ${formatShape(shape)}.`,
    );
  }
  if (limitIndices.length !== startIndices.length) {
    fail(
      "slice limit_indices must have the same length as start_indices, " +
        `got start_indices ${start} and limit_indices ${limit}.`,
    );
  }
  if (!limitIndices.every((n, axis) => n <= shape[axis])) {
    fail(
      "slice limit_indices must be less than or equal to operand shape, " +
        `got limit_indices ${limit} for operand shape ${formatShape(shape)}.`,
    );
  }
  if (!startIndices.every((n) => n >= 0)) {
    fail(`slice start_indices must be greater than or equal to zero, got start_indices of ${start}.`);
  }
  if (!limitIndices.every((n, axis) => n >= startIndices[axis])) {
    fail(
      "slice limit_indices must be greater than or equal to start_indices, " +
        `got start_indices ${start} and limit_indices ${limit}.`,
    );
  }
  if (strides.length !== shape.length) {
    fail(
      "slice strides must have length equal to the number of dimensions of the operand, " +
        `got strides ${formatShape(strides)} for operand shape ${formatShape(shape)}.`,
    );
  }
  if (!strides.every((n) => n > 0)) fail(`slice strides must be positive, got ${formatShape(strides)}`);
}

/** Elements start, start+stride, … below limit of each axis (lax.slice). */
export const slice = definePrimitive<SliceParams>({
  name: "slice",
  infer(inputs, params) {
    checkArity("slice", inputs, 1);
    checkSlice(inputs[0].shape, params);
    return [tensorType(inputs[0].dtype, sliceShape(params))];
  },
  evaluate([x], params) {
    const at = reader(x);
    const { startIndices, strides } = params;
    return [
      tabulate(tensorType(x.type.dtype, sliceShape(params)), (i) =>
        at(i.map((n, axis) => startIndices[axis] + n * strides[axis])),
      ),
    ];
  },
  jvp: linearJvp(1, (b, [x], p) => b.one("slice", [x], p)),
  transpose(b, cotangents, [x], { startIndices, strides }) {
    const ct = onlyCotangent(cotangents);
    const paddingConfig = x.type.shape.map((extent, axis): [number, number, number] => {
      const n = ct.type.shape[axis];
      const covered = n === 0 ? 0 : (n - 1) * strides[axis] + 1;
      return [startIndices[axis], extent - startIndices[axis] - covered, strides[axis] - 1];
    });
    return [b.one("pad", [ct, b.literal(0, ct.type.dtype)], { paddingConfig })];
  },
  batch(b, [x], dims, { startIndices, limitIndices, strides }, { size }) {
    const dim = dims[0] ?? 0;
    const params = {
      startIndices: inserted(startIndices, dim, 0),
      limitIndices: inserted(limitIndices, dim, size),
      strides: inserted(strides, dim, 1),
    };
    return { outputs: [b.one("slice", [x], params)], dims: [dim] };
  },
  lower: {
    kind: "map",
    cost: "movement",
    element(s, [x], i, { params }) {
      return [
        x(i.map((n, axis) => s.add(s.mul(n, s.int(params.strides[axis])), s.int(params.startIndices[axis])))),
      ];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [9])], params: { startIndices: [2], limitIndices: [7], strides: [1] } },
      { inputs: [of("float32", [9])], params: { startIndices: [1], limitIndices: [9], strides: [3] } },
      {
        inputs: [of("float64", [5, 7])],
        params: { startIndices: [1, 0], limitIndices: [4, 7], strides: [2, 3] },
      },
      {
        inputs: [of("float32", [2, 3, 4])],
        params: { startIndices: [0, 1, 2], limitIndices: [2, 2, 4], strides: [1, 1, 1] },
      },
      { inputs: [of("float32", [5])], params: { startIndices: [3], limitIndices: [3], strides: [2] } },
      {
        inputs: [of("float32", [0, 4])],
        params: { startIndices: [0, 1], limitIndices: [0, 3], strides: [1, 1] },
      },
      { inputs: [of("float32", [])], params: { startIndices: [], limitIndices: [], strides: [] } },
      { inputs: [of("int32", [11], "any")], params: { startIndices: [0], limitIndices: [10], strides: [4] } },
      { inputs: [of("bool", [6], "bool")], params: { startIndices: [1], limitIndices: [6], strides: [2] } },
    ],
  },
});

type PadParams = { readonly paddingConfig: readonly (readonly [number, number, number])[] };

/** Extent after `interior` elements between neighbours. */
function dilated(extent: number, interior: number): number {
  return extent === 0 ? 0 : 1 + (extent - 1) * (interior + 1);
}

function padShape(shape: Shape, { paddingConfig }: PadParams): number[] {
  return paddingConfig.map(([low, high, interior], axis) => low + high + dilated(shape[axis], interior));
}

function formatConfig({ paddingConfig }: PadParams): string {
  return `[${paddingConfig.map((c) => formatShape(c)).join(", ")}]`;
}

/** Where an output index falls in the operand: the operand's index, and when it is an element and not padding. */
function padSource(
  s: ScalarOps,
  shape: Shape,
  { paddingConfig }: PadParams,
  i: readonly Expr[],
): { inside: Expr; index: Expr[] } {
  let inside = s.bool(true);
  const index = paddingConfig.map(([low, , interior], axis) => {
    const step = s.int(interior + 1);
    const at = s.sub(i[axis], s.int(low));
    inside = s.and(inside, s.and(s.ge(at, s.int(0)), s.lt(at, s.int(dilated(shape[axis], interior)))));
    if (interior === 0) return at;
    inside = s.and(inside, s.eq(s.rem(at, step), s.int(0)));
    return s.div(at, step);
  });
  return { inside, index };
}

/** Padding before, after and between elements; negative low and high remove elements (lax.pad). */
export const pad = definePrimitive<PadParams>({
  name: "pad",
  infer(inputs, params) {
    checkArity("pad", inputs, 2);
    const [x, value] = inputs;
    const { paddingConfig } = params;
    checkSameDtypes("pad", inputs);
    if (value.shape.length !== 0) {
      throw new WeftValueError(`padding_value must be a scalar; got shape ${formatShape(value.shape)}`);
    }
    if (paddingConfig.length !== x.shape.length) {
      throw new WeftValueError(
        "length of padding_config must equal the number of axes of operand, " +
          `got padding_config ${formatConfig(params)} for operand shape ${formatShape(x.shape)}`,
      );
    }
    if (!paddingConfig.every((c) => c.every(Number.isInteger))) {
      throw new WeftTypeError(`padding_config must hold integers, got ${formatConfig(params)}`);
    }
    if (!paddingConfig.every(([, , interior]) => interior >= 0)) {
      throw new WeftValueError(
        `interior padding in padding_config must be nonnegative, got padding_config ${formatConfig(params)}`,
      );
    }
    const shape = padShape(x.shape, params);
    if (!shape.every((n) => n >= 0)) {
      throw new WeftValueError(
        `Dimension size after padding is not at least 0, got result shape ${formatShape(shape)}, ` +
          `for padding_config ${formatConfig(params)} and operand shape ${formatShape(x.shape)}`,
      );
    }
    return [tensorType(x.dtype, shape)];
  },
  evaluate([x, value], params) {
    const at = reader(x);
    return [
      tabulate(tensorType(x.type.dtype, padShape(x.type.shape, params)), (i) => {
        const index: number[] = [];
        for (const [axis, [low, , interior]] of params.paddingConfig.entries()) {
          const n = (i[axis] - low) / (interior + 1);
          if (!Number.isInteger(n) || n < 0 || n >= x.type.shape[axis]) return value.data[0];
          index.push(n);
        }
        return at(index);
      }),
    ];
  },
  jvp: linearJvp(2, (b, inputs, p) => b.one("pad", inputs, p)),
  transpose(b, cotangents, [x, value], { paddingConfig }) {
    const ct = onlyCotangent(cotangents);
    const { dtype } = ct.type;
    const operandCotangent = () => {
      const cropped = b.one("pad", [ct, b.literal(0, dtype)], {
        paddingConfig: paddingConfig.map(([low, high]) => [-low, -high, 0] as const),
      });
      if (paddingConfig.every(([, , interior]) => interior === 0)) return cropped;
      return b.one("slice", [cropped], {
        startIndices: paddingConfig.map(() => 0),
        limitIndices: cropped.type.shape,
        strides: paddingConfig.map(([, , interior]) => interior + 1),
      });
    };
    const valueCotangent = () => {
      const isElement = b.one("pad", [b.literal(1, "bool", x.type.shape), b.literal(0, "bool")], {
        paddingConfig,
      });
      return b.sum(b.select(isElement, b.zeros(ct.type), ct), range(ct.type.shape.length));
    };
    return [isLinear(x) ? operandCotangent() : null, isLinear(value) ? valueCotangent() : null];
  },
  batch(b, [x, value], dims, { paddingConfig }, { size }) {
    const dim = dims[0] ?? 0;
    const operand =
      dims[0] !== null
        ? x
        : b.broadcastInDim(
            x,
            [size, ...x.type.shape],
            range(x.type.shape.length).map((axis) => axis + 1),
          );
    const params = { paddingConfig: inserted(paddingConfig, dim, [0, 0, 0] as const) };
    if (dims[1] === null) return { outputs: [b.one("pad", [operand, value], params)], dims: [dim] };
    // One padding value per example: pad with anything, then select.
    const padded = b.one("pad", [operand, b.literal(0, x.type.dtype)], params);
    const isElement = b.one("pad", [b.literal(1, "bool", operand.type.shape), b.literal(0, "bool")], params);
    const values = b.broadcastInDim(value, padded.type.shape, [dim]);
    return { outputs: [b.select(isElement, padded, values)], dims: [dim] };
  },
  lower: {
    kind: "map",
    cost: "movement",
    element(s, [x, value], i, { params }) {
      const { inside, index } = padSource(s, x.type.shape, params, i);
      if (x.type.size === 0) return [value([])];
      return [s.guard(inside, x(index), value([]))];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [5]), of("float32", [])], params: { paddingConfig: [[2, 3, 0]] } },
      { inputs: [of("float32", [7]), of("float32", [])], params: { paddingConfig: [[-2, -1, 0]] } },
      {
        inputs: [of("float64", [3, 4]), of("float64", [])],
        params: {
          paddingConfig: [
            [1, -1, 2],
            [-1, 2, 1],
          ],
        },
      },
      { inputs: [of("float32", [5]), of("float32", [])], params: { paddingConfig: [[-3, -4, 2]] } },
      {
        inputs: [of("float32", [2, 3, 2]), of("float32", [])],
        params: {
          paddingConfig: [
            [0, 0, 0],
            [1, 1, 0],
            [0, 0, 0],
          ],
        },
      },
      { inputs: [of("float32", [0]), of("float32", [])], params: { paddingConfig: [[2, 1, 1]] } },
      { inputs: [of("float32", [4]), of("float32", [])], params: { paddingConfig: [[-2, -2, 0]] } },
      { inputs: [of("float32", []), of("float32", [])], params: { paddingConfig: [] } },
      {
        inputs: [of("int8", [3, 3], "any"), of("int8", [], "any")],
        params: {
          paddingConfig: [
            [1, 0, 0],
            [0, 2, 1],
          ],
        },
      },
      { inputs: [of("bool", [3], "bool"), of("bool", [], "bool")], params: { paddingConfig: [[1, 1, 1]] } },
    ],
  },
});
