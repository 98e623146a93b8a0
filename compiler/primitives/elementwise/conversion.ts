/** convert_element_type and bitcast_convert_type. */

import { definePrimitive, isLinearInput, notLinear, type TestCase } from "../../graph/primitive.ts";
import { convertConstant, readElement, writeElement } from "../../kernel/constants.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { DTYPE_INFO, type DType, isFloating } from "../../types/dtype.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { type TensorType, tensorType } from "../../types/tensor-type.ts";
import { checkArity, formatShape } from "../typing.ts";
import { halfBits, halfFromBits, roundToHalf } from "./half.ts";
import { elementwise, perElement } from "./rules.ts";

type ConvertParams = { readonly newDtype: DType };

/** The value as it is in another dtype; a half is a float32 that was rounded. */
function lowerConvert(s: ScalarOps, x: Expr, from: DType, to: DType): Expr {
  if (from === to) return x;
  if (to !== "float16") return s.convert(x, to);
  if (from === "float64") return s.convert(roundToHalf(s, x), "float32");
  // An integer that float32 cannot hold is far beyond the halves, so rounding twice does no harm: 2^24 > 65520.
  return roundToHalf(s, s.convert(x, "float32"));
}

const CONVERSIONS: readonly (readonly [DType, DType])[] = [
  ["float32", "int32"],
  ["float32", "uint8"],
  ["float32", "float64"],
  ["float64", "float32"],
  ["float32", "float16"],
  ["float64", "float16"],
  ["float32", "bool"],
  ["int32", "float32"],
  ["int32", "int8"],
  ["int32", "uint16"],
  ["uint32", "int32"],
  ["uint8", "float32"],
  ["bool", "float32"],
  ["bool", "int32"],
];

/**
 * Conversion by value, as XLA: float to integer truncates and saturates, NaN becomes 0; integers wrap; to bool is
 * x ≠ 0; to a narrower float rounds to nearest even.
 */
export const convert_element_type = elementwise<ConvertParams>({
  name: "convert_element_type",
  infer(inputs, { newDtype }) {
    checkArity("convert_element_type", inputs, 1);
    return tensorType(newDtype, inputs[0].shape);
  },
  element:
    ({ newDtype }, dtype) =>
    (x) =>
      convertConstant(x, dtype, newDtype),
  jvp(b, [x], [g], { newDtype }) {
    const ans = b.one("convert_element_type", [x], { newDtype });
    return {
      outputs: [ans],
      tangents: [g === null || !isFloating(newDtype) ? null : b.convert(g, newDtype)],
    };
  },
  transpose: (b, [ct], [x]) => [ct === null || !isLinearInput(x) ? null : b.convert(ct, x.type.dtype)],
  lower: (s, [x], { newDtype }, dtype) => lowerConvert(s, x, dtype, newDtype),
  cost: "cheap",
  test: {
    cases: CONVERSIONS.map(([dtype, newDtype]) => ({
      inputs: [{ shape: [2, 3], dtype }],
      params: { newDtype },
    })),
    special: [0, -0, 0.5, 300, -300, 3e9, -3e9, 65519, 65520, 1e-7, Infinity, -Infinity, NaN],
    ulp: 0,
    order: 2,
  },
});

/** The type that JAX gives: the last axis is split off or joined where the widths differ. */
function bitcastType(x: TensorType, newDtype: DType): TensorType {
  const from = DTYPE_INFO[x.dtype].bytes;
  const to = DTYPE_INFO[newDtype].bytes;
  if ((x.dtype === "bool") !== (newDtype === "bool")) {
    throw new WeftTypeError(
      `bitcast_convert_type does not accept dtype bool: cannot convert ${x.dtype} to ${newDtype}. ` +
        "Use convert_element_type (astype) instead.",
    );
  }
  if (from === to) return tensorType(newDtype, x.shape);
  if (from > to) return tensorType(newDtype, [...x.shape, from / to]);
  const last = x.shape.at(-1);
  if (last !== to / from) {
    throw new WeftTypeError(
      `Attempting to convert array of shape ${formatShape(x.shape)} from ${x.dtype} of size ${from * 8} bits to ` +
        `${newDtype} of size ${to * 8}, but the last dimension must be ${to / from}.`,
    );
  }
  return tensorType(newDtype, x.shape.slice(0, -1));
}

const UNSIGNED = { 1: "uint8", 2: "uint16" } as const;

/** The bits of a value of at most 32 bits, as int32: zeros above its width. */
function bitsOf(s: ScalarOps, x: Expr, dtype: DType): Expr {
  const { bytes } = DTYPE_INFO[dtype];
  if (dtype === "float16") return halfBits(s, x);
  if (bytes === 4) return s.bitcast(x, "int32");
  return s.convert(s.bitcast(x, UNSIGNED[bytes === 1 ? 1 : 2]), "int32");
}

/** A value of at most 32 bits from the low bits of an int32. */
function fromBits(s: ScalarOps, bits: Expr, dtype: DType): Expr {
  const { bytes } = DTYPE_INFO[dtype];
  if (dtype === "float16") return halfFromBits(s, bits);
  if (bytes === 4) return s.bitcast(bits, dtype);
  return s.bitcast(s.convert(bits, UNSIGNED[bytes === 1 ? 1 : 2]), dtype);
}

/** Part `k` (from the least significant, as memory is little-endian) of a value split into narrower ones. */
function narrow(s: ScalarOps, x: Expr, k: Expr, from: DType, to: DType): Expr {
  const width = DTYPE_INFO[to].bits;
  let word: Expr;
  let part = k;
  if (from === "float64") {
    const perWord = s.int(32 / width);
    word = s.select(s.ge(k, perWord), s.highWord(x), s.lowWord(x));
    part = s.rem(k, perWord);
  } else {
    word = bitsOf(s, x, from);
  }
  return fromBits(s, s.shrLogical(word, s.mul(part, s.int(width))), to);
}

/** A value joined from `parts`, the least significant first. */
function widen(s: ScalarOps, parts: readonly Expr[], from: DType, to: DType): Expr {
  const { bits } = DTYPE_INFO[from];
  const join = (some: readonly Expr[]): Expr =>
    some
      .map((part, k) => s.shl(bitsOf(s, part, from), s.int(k * bits)))
      .reduce((word, part) => s.or(word, part));
  if (to !== "float64") return fromBits(s, join(parts), to);
  const half = parts.length / 2;
  return s.fromWords(join(parts.slice(half)), join(parts.slice(0, half)));
}

function bitcastCase(from: DType, to: DType, shape: readonly number[]): TestCase<ConvertParams> {
  // Of integers any bits; of floats numbers, as NaNs may change theirs on the way.
  return {
    inputs: [{ shape, dtype: from, domain: isFloating(from) ? "normal" : "any" }],
    params: { newDtype: to },
  };
}

/** The same bits as another dtype, little-endian where the widths differ. */
export const bitcast_convert_type = definePrimitive<ConvertParams>({
  name: "bitcast_convert_type",
  infer(inputs, { newDtype }) {
    checkArity("bitcast_convert_type", inputs, 1);
    return [bitcastType(inputs[0], newDtype)];
  },
  evaluate([x], { newDtype }) {
    const type = bitcastType(x.type, newDtype);
    const from = DTYPE_INFO[x.type.dtype].bytes;
    const to = DTYPE_INFO[newDtype].bytes;
    const view = new DataView(new ArrayBuffer(x.data.length * from));
    for (const [i, value] of x.data.entries()) writeElement(view, i * from, x.type.dtype, value);
    const data = new Float64Array(type.size);
    for (let i = 0; i < data.length; i++) data[i] = readElement(view, i * to, newDtype);
    return [{ type, data }];
  },
  jvp: (b, [x], _, { newDtype }) => ({
    outputs: [b.one("bitcast_convert_type", [x], { newDtype })],
    tangents: [null],
  }),
  transpose: notLinear("bitcast_convert_type is not linear"),
  batch(b, [x], [dim], { newDtype }) {
    // The last axis may be split or joined, so the batch axis goes to the front.
    const moved = b.moveAxis(x, dim ?? 0, 0);
    return { outputs: [b.one("bitcast_convert_type", [moved], { newDtype })], dims: [0] };
  },
  lower: {
    kind: "map",
    cost: "cheap",
    element(s, [read], i, { inputs: [type], params: { newDtype } }) {
      const from = type.dtype;
      const ratio = DTYPE_INFO[from].bytes / DTYPE_INFO[newDtype].bytes;
      if (from === newDtype) return [read(i)];
      // float64 has no other dtype of its width.
      if (ratio === 1) return [fromBits(s, bitsOf(s, read(i), from), newDtype)];
      if (ratio > 1) return [narrow(s, read(i.slice(0, -1)), i[i.length - 1], from, newDtype)];
      const parts = Array.from({ length: 1 / ratio }, (_, k) => read([...i, s.int(k)]));
      return [widen(s, parts, from, newDtype)];
    },
  },
  cost: perElement("cheap"),
  test: {
    cases: [
      bitcastCase("float32", "int32", [5]),
      bitcastCase("int32", "uint32", [5]),
      bitcastCase("uint8", "int8", [5]),
      bitcastCase("float16", "uint16", [5]),
      bitcastCase("uint32", "uint8", [2, 3]),
      bitcastCase("float64", "int32", [3]),
      bitcastCase("float64", "uint16", [3]),
      bitcastCase("uint8", "uint32", [2, 4]),
      bitcastCase("int32", "float64", [3, 2]),
    ],
    ulp: 0,
    order: 0,
  },
});
