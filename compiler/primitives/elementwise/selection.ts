/** select and clamp. */
import type { NoParams } from "../../graph/operations.ts";
import { isLinearInput, notLinear, type Tangent } from "../../graph/primitive.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { sameType } from "../../types/tensor-type.ts";
import { checkArity, formatShape } from "../typing.ts";
import { checkEqualDtypes, elementwise } from "./rules.ts";

/** (pred, onTrue, onFalse): StableHLO's operand order. */
export const select = elementwise<NoParams>({
  name: "select",
  infer(inputs) {
    checkArity("select", inputs, 3);
    const [pred, onTrue, onFalse] = inputs;
    if (pred.dtype !== "bool") {
      throw new WeftTypeError(`select predicate must be boolean dtype, got ${pred.dtype}.`);
    }
    checkEqualDtypes("select", [onTrue, onFalse]);
    if (!sameType(onTrue, onFalse)) {
      throw new WeftTypeError(
        `select cases must have the same shapes, got [${formatShape(onTrue.shape)}, ${formatShape(onFalse.shape)}].`,
      );
    }
    if (formatShape(pred.shape) !== formatShape(onTrue.shape)) {
      throw new WeftTypeError(
        `select predicate must have the shape of the cases: got predicate shape ${formatShape(pred.shape)} ` +
          `for case shape ${formatShape(onTrue.shape)}. Broadcast it first.`,
      );
    }
    return onTrue;
  },
  element: () => (pred, onTrue, onFalse) => (pred !== 0 ? onTrue : onFalse),
  jvp(b, [pred, onTrue, onFalse], [, gTrue, gFalse]) {
    const ans = b.select(pred, onTrue, onFalse);
    if (gTrue === null && gFalse === null) return { outputs: [ans], tangents: [null] };
    const zero = b.zeros(ans.type);
    return { outputs: [ans], tangents: [b.select(pred, gTrue ?? zero, gFalse ?? zero)] };
  },
  transpose(b, [ct], [pred, onTrue, onFalse]) {
    if (ct === null || isLinearInput(pred)) return [null, null, null];
    const zero = b.zeros(ct.type);
    return [
      null,
      isLinearInput(onTrue) ? b.select(pred, ct, zero) : null,
      isLinearInput(onFalse) ? b.select(pred, zero, ct) : null,
    ];
  },
  lower: (s, [pred, onTrue, onFalse]) => s.select(pred, onTrue, onFalse),
  cost: "cheap",
  test: {
    cases: (["float32", "float64", "int32", "uint8", "bool"] as const).map((dtype) => ({
      inputs: [
        { shape: [2, 3], dtype: "bool", domain: "bool" },
        { shape: [2, 3], dtype },
        { shape: [2, 3], dtype },
      ],
      params: {},
    })),
    order: 2,
    ulp: 0,
  },
});

/** min(max(x, low), high) with operands (low, x, high); NaN in any gives NaN, and low > high gives high. */
export const clamp = elementwise<NoParams>({
  name: "clamp",
  infer(inputs) {
    checkArity("clamp", inputs, 3);
    checkEqualDtypes("clamp", inputs);
    const [low, x, high] = inputs;
    if (!sameType(low, x)) {
      throw new WeftTypeError(
        `clamp requires min.shape == operand.shape, got min.shape=${formatShape(low.shape)}, ` +
          `operand.shape=${formatShape(x.shape)}. Broadcast the bound first.`,
      );
    }
    if (!sameType(high, x)) {
      throw new WeftTypeError(
        `clamp requires max.shape == operand.shape, got max.shape=${formatShape(high.shape)}, ` +
          `operand.shape=${formatShape(x.shape)}. Broadcast the bound first.`,
      );
    }
    return x;
  },
  element: () => (low, x, high) => Math.min(Math.max(x, low), high),
  // As JAX: the tangent of whichever operand is taken, strictly; at a tie of x with a bound it is zero.
  jvp(b, [low, x, high], [gLow, gx, gHigh]) {
    const ans = b.one("clamp", [low, x, high], {});
    const zero = b.zeros(ans.type);
    let tangent: Tangent = null;
    const take = (pred: Parameters<typeof b.select>[0], g: Parameters<typeof b.select>[1]): void => {
      tangent = b.addTangents(tangent, b.select(pred, g, zero));
    };
    if (gLow !== null) take(b.binary("gt", low, x), gLow);
    if (gx !== null) take(b.binary("and", b.binary("gt", x, low), b.binary("lt", x, high)), gx);
    if (gHigh !== null) take(b.binary("lt", high, x), gHigh);
    return { outputs: [ans], tangents: [tangent] };
  },
  transpose: notLinear("clamp is not linear"),
  lower: (s, [low, x, high]) => (x.dtype === "bool" ? s.and(s.or(x, low), high) : s.min(s.max(x, low), high)),
  cost: "cheap",
  flops: 2,
  test: {
    cases: (["float32", "float64", "int32", "uint8"] as const).map((dtype) => ({
      inputs: [
        { shape: [3, 2], dtype, domain: [0, 1] as const },
        { shape: [3, 2], dtype, domain: "smallInt" as const },
        { shape: [3, 2], dtype, domain: [2, 3] as const },
      ],
      params: {},
    })),
    special: [0, -0, Infinity, -Infinity, NaN],
    order: 2,
    ulp: 0,
  },
});
