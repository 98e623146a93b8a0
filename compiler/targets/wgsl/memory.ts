/** How a kernel's buffers lie in storage bindings, and the text of their loads and stores. */
import type { BufferParam } from "../../kernel/expr.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { wgslType } from "./scalars.ts";

/** Where a kernel's buffer begins in its binding, in elements of its dtype: a constant, and steps by loop counters. */
export interface Placement {
  readonly binding: number;
  readonly offset: number;
  readonly strides: readonly { readonly counter: number; readonly stride: number }[];
}

/**
 * Elements of a binding's array. Narrow elements are parts of words: neighbours in a word belong to different
 * invocations, so a word that is written is atomic.
 */
export type ElementForm = "f32" | "i32" | "u32" | "atomic<u32>";

/** The form that serves all buffers in one binding: their own type, or words. `alone`: one invocation runs. */
export function elementForm(params: readonly BufferParam[], words: boolean, alone = false): ElementForm {
  const narrow = params.some((p) => DTYPE_INFO[p.dtype].bytes < 4);
  if (narrow && !alone && params.some((p) => p.access !== "read")) return "atomic<u32>";
  const forms = new Set(
    params.map((p) => (words || DTYPE_INFO[p.dtype].bytes < 4 ? "u32" : wgslType(p.dtype))),
  );
  const [form] = forms;
  return forms.size === 1 && form !== undefined && form !== "bool" ? form : "u32";
}

/** A word read from an array. */
function word(array: string, form: ElementForm, index: string): string {
  return form === "atomic<u32>" ? `atomicLoad(&${array}[${index}])` : `${array}[${index}]`;
}

/** Byte or half within its word: index of the word, and the bits to shift by. */
function within(dtype: DType, index: string): { word: string; shift: string } {
  const bytes = DTYPE_INFO[dtype].bytes;
  return bytes === 1
    ? { word: `u32(${index}) >> 2u`, shift: `(u32(${index}) & 3u) * 8u` }
    : { word: `u32(${index}) >> 1u`, shift: `(u32(${index}) & 1u) * 16u` };
}

/** The value of an element. */
export function loadText(
  array: string,
  form: ElementForm,
  dtype: DType,
  index: string,
  halfToFloat: () => string,
): string {
  const { bytes, bits, kind } = DTYPE_INFO[dtype];
  if (bytes === 4) {
    const type = wgslType(dtype);
    const text = word(array, form, index);
    return form === type
      ? text
      : form === "atomic<u32>" || form === "u32"
        ? `bitcast<${type}>(${text})`
        : text;
  }
  const { word: at, shift } = within(dtype, index);
  const text = word(array, form, at);
  if (dtype === "bool") return `(extractBits(${text}, ${shift}, 8u) != 0u)`;
  if (dtype === "float16") return `${halfToFloat()}(extractBits(${text}, ${shift}, 16u))`;
  return kind === "int"
    ? `extractBits(bitcast<i32>(${text}), ${shift}, ${bits}u)`
    : `extractBits(${text}, ${shift}, ${bits}u)`;
}

/** The lines that store a value. `index` and `value` are written several times. */
export function storeLines(
  array: string,
  form: ElementForm,
  dtype: DType,
  index: string,
  value: string,
  floatToHalf: () => string,
): string[] {
  const { bytes, bits, kind } = DTYPE_INFO[dtype];
  if (bytes === 4) {
    const type = wgslType(dtype);
    if (form === type) return [`${array}[${index}] = ${value};`];
    const pattern = type === "u32" ? value : `bitcast<u32>(${value})`;
    return [
      form === "atomic<u32>"
        ? `atomicStore(&${array}[${index}], ${pattern});`
        : `${array}[${index}] = ${pattern};`,
    ];
  }
  const { word: at, shift } = within(dtype, index);
  const mask = `${2 ** bits - 1}u`;
  const pattern =
    dtype === "bool"
      ? `select(0u, 1u, ${value})`
      : dtype === "float16"
        ? `${floatToHalf()}(${value})`
        : kind === "int"
          ? `(bitcast<u32>(${value}) & ${mask})`
          : value;
  if (form !== "atomic<u32>") {
    return [`${array}[${at}] = (${array}[${at}] & ~(${mask} << (${shift}))) | (${pattern} << (${shift}));`];
  }
  // Bits of other elements in the word stay as their invocations leave them.
  return [
    `atomicAnd(&${array}[${at}], ~(${mask} << (${shift})));`,
    `atomicOr(&${array}[${at}], ${pattern} << (${shift}));`,
  ];
}
