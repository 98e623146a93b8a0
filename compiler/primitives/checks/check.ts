/**
 * check: a condition that must hold, with values for its message (`jax.experimental.checkify.check`). It has no effect of
 * its own: checkify turns it into values of the graph, and what it has not turned cannot be compiled.
 */
import { definePrimitive, notLinear } from "../../graph/primitive.ts";
import { UnsupportedError, WeftTypeError } from "../../types/errors.ts";
import { tensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { checkArity, formatType } from "../typing.ts";

export const check = definePrimitive<{ readonly message: string }>({
  name: "check",
  infer(inputs) {
    checkArity("check", inputs, 1, "orMore");
    const [pred, ...values] = inputs;
    if (pred.dtype !== "bool") throw new WeftTypeError(`check takes a bool pred, got ${formatType(pred)}`);
    const outside = values.find((v) => !pred.shape.every((n, i) => v.shape[i] === n));
    if (outside !== undefined) {
      throw new WeftTypeError(`check of ${formatType(pred)} got a value of type ${formatType(outside)}`);
    }
    return [tensorType("bool", [])];
  },
  evaluate: ([pred]) => [
    { type: tensorType("bool", []), data: Float64Array.of(Number(pred.data.every(Boolean))) },
  ],
  jvp: (b, primals, _, params) => ({ outputs: b.emit("check", primals, params), tangents: [null] }),
  transpose: notLinear("check gives a bool"),
  batch: (b, inputs, dims, params, { size }) => ({
    // Every example's condition, with its values: the first that fails is the one told of.
    outputs: b.emit(
      "check",
      inputs.map((x, i) => batchFirst(b, x, dims[i], size)),
      params,
    ),
    dims: [null],
  }),
  lower: {
    kind: "expand",
    expand() {
      throw new UnsupportedError(
        "Cannot abstractly evaluate a checkify.check which was not functionalized. This probably means you tried to " +
          "stage (jit/scan/…) a check without functionalizing it through checkify.",
      );
    },
  },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: { order: 0 },
});
