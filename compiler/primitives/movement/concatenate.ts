/** concatenate: tensors one after another along an axis (lax.concatenate). */
import { definePrimitive } from "../../graph/primitive.ts";
import { computeDType } from "../../types/dtype.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { type TensorType, tensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { isLinear, linearJvp, noCost, onlyCotangent } from "../linear.ts";
import { reader, tabulate } from "../reference-tensors.ts";
import { of } from "../test-operands.ts";
import { checkSameDtypes, formatShape } from "../typing.ts";

function joinedShape(inputs: readonly TensorType[], dimension: number): number[] {
  const shape = [...inputs[0].shape];
  shape[dimension] = inputs.reduce((sum, t) => sum + t.shape[dimension], 0);
  return shape;
}

/** Where each operand begins along the axis. */
function offsets(inputs: readonly { readonly type: TensorType }[], dimension: number): number[] {
  let next = 0;
  return inputs.map(({ type }) => {
    const begin = next;
    next += type.shape[dimension];
    return begin;
  });
}

export const concatenate = definePrimitive<{ readonly dimension: number }>({
  name: "concatenate",
  infer(inputs, { dimension }) {
    if (inputs.length === 0) throw new WeftTypeError("concatenate expects at least one operand, got 0.");
    const shapes = inputs.map((t) => formatShape(t.shape)).join(", ");
    const rank = inputs[0].shape.length;
    if (inputs.some((t) => t.shape.length !== rank)) {
      throw new WeftTypeError(
        `Cannot concatenate arrays with different numbers of dimensions: got ${shapes}.`,
      );
    }
    if (!(Number.isInteger(dimension) && dimension >= 0 && dimension < rank)) {
      throw new WeftTypeError(
        `concatenate dimension out of bounds: dimension ${dimension} for shapes ${shapes}.`,
      );
    }
    if (inputs.some((t) => t.shape.some((n, axis) => axis !== dimension && n !== inputs[0].shape[axis]))) {
      throw new WeftTypeError(
        "Cannot concatenate arrays with shapes that differ in dimensions other than the one being concatenated: " +
          `concatenating along dimension ${dimension} for shapes ${shapes}.`,
      );
    }
    checkSameDtypes("concatenate", inputs);
    return [tensorType(inputs[0].dtype, joinedShape(inputs, dimension))];
  },
  evaluate(inputs, { dimension }) {
    const types = inputs.map((x) => x.type);
    const readers = inputs.map(reader);
    return [
      tabulate(tensorType(types[0].dtype, joinedShape(types, dimension)), (i) => {
        const index = [...i];
        let piece = 0;
        while (index[dimension] >= types[piece].shape[dimension]) {
          index[dimension] -= types[piece++].shape[dimension];
        }
        return readers[piece](index);
      }),
    ];
  },
  jvp: linearJvp("all", (b, inputs, p) => b.one("concatenate", inputs, p)),
  transpose(b, cotangents, inputs, { dimension }) {
    const ct = onlyCotangent(cotangents);
    const begins = offsets(inputs, dimension);
    return inputs.map((x, k) => {
      if (!isLinear(x)) return null;
      const startIndices = ct.type.shape.map((_, axis) => (axis === dimension ? begins[k] : 0));
      const limitIndices = startIndices.map((begin, axis) => begin + x.type.shape[axis]);
      return b.one("slice", [ct], { startIndices, limitIndices, strides: startIndices.map(() => 1) });
    });
  },
  batch(b, inputs, dims, { dimension }, { size }) {
    const batched = inputs.map((x, i) => batchFirst(b, x, dims[i], size));
    return { outputs: [b.one("concatenate", batched, { dimension: dimension + 1 })], dims: [0] };
  },
  lower: {
    kind: "map",
    cost: "movement",
    element(s, inputs, i, { params: { dimension } }) {
      const begins = offsets(inputs, dimension);
      const at = i[dimension];
      // Only the first side of a guard is protected, so every piece tests both of its ends.
      let value = s.const(0, computeDType(inputs[0].type.dtype));
      for (const [k, x] of [...inputs.entries()].reverse()) {
        if (x.type.size === 0) continue;
        const begin = begins[k];
        const end = begin + x.type.shape[dimension];
        const inside = s.and(s.ge(at, s.int(begin)), s.lt(at, s.int(end)));
        const index = i.map((n, axis) => (axis === dimension ? s.sub(n, s.int(begin)) : n));
        value = s.guard(inside, x(index), value);
      }
      return [value];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [3]), of("float32", [4])], params: { dimension: 0 } },
      {
        inputs: [of("float64", [2, 3]), of("float64", [2, 1]), of("float64", [2, 5])],
        params: { dimension: 1 },
      },
      {
        inputs: [of("float32", [1, 3]), of("float32", [0, 3]), of("float32", [2, 3])],
        params: { dimension: 0 },
      },
      { inputs: [of("float32", [2, 3])], params: { dimension: 0 } },
      { inputs: [of("float32", [0]), of("float32", [0])], params: { dimension: 0 } },
      { inputs: [of("float32", [2, 0]), of("float32", [3, 0])], params: { dimension: 0 } },
      { inputs: [of("uint8", [2, 2], "any"), of("uint8", [2, 3], "any")], params: { dimension: 1 } },
      { inputs: [of("bool", [1], "bool"), of("bool", [5], "bool")], params: { dimension: 0 } },
      { inputs: [of("float16", [3]), of("float16", [2])], params: { dimension: 0 } },
    ],
  },
});
