/** Tensors in `; run:` lines: `2.0:f32[]`, `[1.0, 2.0]:f32[2]`, row-major and flat. */
import type { RefTensor } from "../../../compiler/graph/reference.ts";
import { refTensor } from "../../../compiler/interpret/tensors.ts";
import { roundTo } from "../../../compiler/kernel/constants.ts";
import type { Cursor, Token } from "../../../compiler/text/cursor.ts";
import { formatElement } from "../../../compiler/text/numbers.ts";

export function parseTensor(cursor: Cursor): RefTensor {
  const start = cursor.token;
  const list = cursor.eat("[");
  const elements = list ? cursor.list("]", () => parseNumber(cursor)) : [parseNumber(cursor)];
  cursor.expect(":");
  const { dtype, shape, size } = cursor.tensorType();
  const values = elements.map(({ text, value, at }) => cursor.elementValue(text, value, dtype, at));
  if (list) {
    if (values.length !== size) cursor.fail(`the type has ${size} elements, got ${values.length}`, start);
    return refTensor(dtype, shape, values);
  }
  return refTensor(dtype, shape, new Array<number>(size).fill(values[0]));
}

function parseNumber(cursor: Cursor): { text: string; value: number; at: Token } {
  const at = cursor.token;
  if (cursor.eat("true")) return { text: "true", value: 1, at };
  if (cursor.eat("false")) return { text: "false", value: 0, at };
  const { text, value } = cursor.number();
  return { text, value, at };
}

export function formatTensor({ type, data }: RefTensor): string {
  const texts = Array.from(data, (x) => formatElement(roundTo(x, type.dtype), type.dtype));
  return `${type.shape.length === 0 ? texts[0] : `[${texts.join(", ")}]`}:${type.text}`;
}

/** Equal types and elements once rounded to the dtype; with a tolerance, relative to the greater magnitude. */
export function sameTensor(a: RefTensor, b: RefTensor, tolerance: number): boolean {
  if (a.type.text !== b.type.text || a.data.length !== b.data.length) return false;
  return a.data.every((x, i) => {
    const p = roundTo(x, a.type.dtype);
    const q = roundTo(b.data[i], b.type.dtype);
    return Object.is(p, q) || Math.abs(p - q) <= tolerance * Math.max(Math.abs(p), Math.abs(q));
  });
}
