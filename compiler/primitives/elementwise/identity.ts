/** Identities that transformations or passes must respect: stop_gradient, optimization_barrier. */
import type { NoParams } from "../../graph/operations.ts";
import { definePrimitive, isLinearInput, notLinear } from "../../graph/primitive.ts";
import { checkArity } from "../typing.ts";
import { elementwise } from "./rules.ts";

/** The identity, whose tangent is zero. */
export const stop_gradient = elementwise<NoParams>({
  name: "stop_gradient",
  infer(inputs) {
    checkArity("stop_gradient", inputs, 1);
    return inputs[0];
  },
  element: () => (x) => x,
  jvp: (b, [x]) => ({ outputs: [b.one("stop_gradient", [x], {})], tangents: [null] }),
  transpose: notLinear("stop_gradient has no tangent"),
  lower: (_, [x]) => x,
  cost: "cheap",
  flops: 0,
  test: {
    cases: (["float32", "int32", "bool"] as const).map((dtype) => ({
      inputs: [{ shape: [2, 3], dtype }],
      params: {},
    })),
    ulp: 0,
    order: 0,
  },
});

/** The identity on all operands together: none is available before all of them are. */
export const optimization_barrier = definePrimitive<NoParams>({
  name: "optimization_barrier",
  infer: (inputs) => [...inputs],
  evaluate: (inputs) => [...inputs],
  jvp(b, primals, tangents) {
    const outputs = b.emit("optimization_barrier", primals, {});
    const present = tangents.flatMap((t) => (t === null ? [] : [t]));
    const barred = [...b.emit("optimization_barrier", present, {})];
    return { outputs, tangents: tangents.map((t) => (t === null ? null : (barred.shift() ?? null))) };
  },
  transpose(b, cotangents, inputs) {
    const present = cotangents.flatMap((ct, i) => (ct !== null && isLinearInput(inputs[i]) ? [ct] : []));
    const barred = present.length === 0 ? [] : [...b.emit("optimization_barrier", present, {})];
    return cotangents.map((ct, i) =>
      ct === null || !isLinearInput(inputs[i]) ? null : (barred.shift() ?? null),
    );
  },
  batch: (b, inputs, dims) => ({ outputs: b.emit("optimization_barrier", inputs, {}), dims: [...dims] }),
  // It holds graph passes apart (common subexpressions, above all). After them nothing is left to keep: the expansion
  // to the operands themselves must come behind the last elimination of common subexpressions.
  lower: { kind: "expand", expand: (_, inputs) => inputs },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: {
    cases: [
      { inputs: [{ shape: [3], dtype: "float32" }], params: {} },
      {
        inputs: [
          { shape: [2, 2], dtype: "float32" },
          { shape: [2, 2], dtype: "int32" },
        ],
        params: {},
      },
    ],
    ulp: 0,
    order: 2,
  },
});
