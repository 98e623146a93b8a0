/** reshape: the same elements in row-major order under another shape (lax.reshape). */
import { definePrimitive } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { type Shape, sizeOf, tensorType } from "../../types/tensor-type.ts";
import { linearJvp, noCost, onlyCotangent } from "../linear.ts";
import { of } from "../test-operands.ts";
import { checkArity, formatShape } from "../typing.ts";

/** Axes of the two shapes with equal products, outermost first: only within a group do indices mix. */
interface AxisGroup {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * Splits a reshape of a nonempty tensor into its smallest independent parts: [2,3,4] → [2,12] is {2→2}, {3,4→12}.
 * Axes of extent 1 join no group: their index is 0.
 */
export function reshapeGroups(from: Shape, to: Shape): AxisGroup[] {
  const groups: AxisGroup[] = [];
  const fromAxes = from.flatMap((n, axis) => (n === 1 ? [] : [axis]));
  const toAxes = to.flatMap((n, axis) => (n === 1 ? [] : [axis]));
  let f = 0;
  let t = 0;
  while (f < fromAxes.length) {
    const group = { from: [fromAxes[f]], to: [toAxes[t]] };
    let sizeFrom = from[fromAxes[f++]];
    let sizeTo = to[toAxes[t++]];
    while (sizeFrom !== sizeTo) {
      if (sizeFrom < sizeTo) {
        group.from.push(fromAxes[f]);
        sizeFrom *= from[fromAxes[f++]];
      } else {
        group.to.push(toAxes[t]);
        sizeTo *= to[toAxes[t++]];
      }
    }
    groups.push(group);
  }
  return groups;
}

/** The index into shape `to` of the element at index `i` of shape `from`; both nonempty and of one size. */
export function reshapeIndex(s: ScalarOps, from: Shape, to: Shape, i: readonly Expr[]): Expr[] {
  const out: Expr[] = to.map(() => s.int(0));
  for (const group of reshapeGroups(from, to)) {
    let linear = s.int(0);
    for (const axis of group.from) linear = s.add(s.mul(linear, s.int(from[axis])), i[axis]);
    let step = 1;
    for (const axis of [...group.to].reverse()) {
      const quotient = s.div(linear, s.int(step));
      step *= to[axis];
      // The outermost axis of a group needs no remainder: its quotient is within its extent.
      out[axis] = axis === group.to[0] ? quotient : s.rem(quotient, s.int(to[axis]));
    }
  }
  return out;
}

export const reshape = definePrimitive<{ readonly newSizes: readonly number[] }>({
  name: "reshape",
  infer(inputs, { newSizes }) {
    checkArity("reshape", inputs, 1);
    const [x] = inputs;
    if (!newSizes.every((n) => Number.isInteger(n) && n >= 0)) {
      throw new WeftTypeError(`reshape new_sizes must all be positive, got ${formatShape(newSizes)}.`);
    }
    if (sizeOf(newSizes) !== x.size) {
      throw new WeftTypeError(
        `cannot reshape array of shape ${formatShape(x.shape)} (size ${x.size}) ` +
          `into shape ${formatShape(newSizes)} (size ${sizeOf(newSizes)})`,
      );
    }
    return [tensorType(x.dtype, newSizes)];
  },
  evaluate([x], { newSizes }) {
    return [{ type: tensorType(x.type.dtype, newSizes), data: x.data.slice() }];
  },
  jvp: linearJvp(1, (b, [x], { newSizes }) => b.reshape(x, newSizes)),
  transpose(b, cotangents, [x]) {
    return [b.reshape(onlyCotangent(cotangents), x.type.shape)];
  },
  batch(b, [x], dims, { newSizes }, { size }) {
    return { outputs: [b.reshape(b.moveAxis(x, dims[0] ?? 0, 0), [size, ...newSizes])], dims: [0] };
  },
  lower: {
    kind: "map",
    cost: "movement",
    element(s, [x], i, { params }) {
      if (x.type.size === 0) return [x(x.type.shape.map(() => s.int(0)))];
      return [x(reshapeIndex(s, params.newSizes, x.type.shape, i))];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [2, 3, 5])], params: { newSizes: [6, 5] } },
      { inputs: [of("float32", [2, 3, 4])], params: { newSizes: [4, 3, 2] } },
      { inputs: [of("float64", [7, 4])], params: { newSizes: [2, 14] } },
      { inputs: [of("float32", [2, 1, 3])], params: { newSizes: [1, 6, 1, 1] } },
      { inputs: [of("float32", [])], params: { newSizes: [1, 1] } },
      { inputs: [of("float32", [1, 1])], params: { newSizes: [] } },
      { inputs: [of("float32", [0, 3])], params: { newSizes: [2, 0, 5] } },
      { inputs: [of("int8", [3, 5], "any")], params: { newSizes: [15] } },
      { inputs: [of("bool", [6], "bool")], params: { newSizes: [3, 2] } },
      { inputs: [of("uint16", [6], "any")], params: { newSizes: [2, 3] } },
      { inputs: [of("float16", [6])], params: { newSizes: [2, 3] } },
    ],
  },
});
