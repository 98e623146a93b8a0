/** Prints arrays as NumPy does (numpy/core/arrayprint.py): precision 8, summarised past 1000 elements. */
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import { rowMajorStrides, type Shape } from "../../compiler/types/tensor-type.ts";

const PRECISION = 8;
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;
const LINE_WIDTH = 75;

/** The elements in brackets; continuation lines are indented by `indent` columns. */
export function formatElements(
  data: ArrayLike<number>,
  shape: Shape,
  dtype: DType,
  separator = " ",
  indent = 0,
): string {
  if (shape.includes(0)) return "[]";
  const size = shape.reduce((n, extent) => n * extent, 1);
  const summarise = size > THRESHOLD;
  const strides = rowMajorStrides(shape);

  const shown: number[] = [];
  visit(shape, summarise, (offset) => shown.push(data[offset]));
  const format = elementFormatter(shown, dtype);
  if (shape.length === 0) return format(data[0]).trim();

  const render = (axis: number, offset: number, column: number): string => {
    if (axis === shape.length) return format(data[offset]);
    const items: string[] = [];
    for (const i of indices(shape[axis], summarise)) {
      items.push(i === null ? "..." : render(axis + 1, offset + i * strides[axis], column + 1));
    }
    if (axis < shape.length - 1) {
      const blank = "\n".repeat(shape.length - 1 - axis);
      return `[${items.join(separator.trimEnd() + blank + " ".repeat(column + 1))}]`;
    }
    return `[${wrap(items, separator, column + 1)}]`;
  };
  return render(0, 0, indent);
}

/** Joins the items of a row, breaking lines before the line width. */
function wrap(items: readonly string[], separator: string, column: number): string {
  let text = "";
  let width = column;
  for (const [i, item] of items.entries()) {
    const last = i === items.length - 1;
    const piece = item + (last ? "" : separator.trimEnd());
    if (i > 0) {
      if (width + piece.length + 1 > LINE_WIDTH) {
        text += `\n${" ".repeat(column)}`;
        width = column;
      } else {
        text += " ";
        width++;
      }
    }
    text += piece;
    width += piece.length;
  }
  return text;
}

function indices(extent: number, summarise: boolean): (number | null)[] {
  const all = Array.from({ length: extent }, (_, i) => i);
  if (!summarise || extent <= 2 * EDGE_ITEMS) return all;
  return [...all.slice(0, EDGE_ITEMS), null, ...all.slice(-EDGE_ITEMS)];
}

function visit(shape: Shape, summarise: boolean, f: (offset: number) => void): void {
  const strides = rowMajorStrides(shape);
  const walk = (axis: number, offset: number): void => {
    if (axis === shape.length) return f(offset);
    for (const i of indices(shape[axis], summarise))
      if (i !== null) walk(axis + 1, offset + i * strides[axis]);
  };
  walk(0, 0);
}

/** A formatter that gives all elements one width. */
function elementFormatter(values: readonly number[], dtype: DType): (value: number) => string {
  if (!isFloating(dtype)) {
    const text =
      dtype === "bool" ? (value: number) => (value ? "True" : "False") : (value: number) => `${value}`;
    const width = Math.max(0, ...values.map((value) => text(value).length));
    return (value) => text(value).padStart(width);
  }
  const finite = values.filter(Number.isFinite);
  const magnitudes = finite.map(Math.abs).filter((m) => m > 0);
  const greatest = Math.max(...magnitudes, 0);
  const least = magnitudes.length > 0 ? Math.min(...magnitudes) : 1;
  const scientific = greatest >= 1e8 || least < 1e-4 || greatest / least > 1000;
  const parts = finite.map((value) => split(value, dtype, scientific));
  const left = Math.max(0, ...parts.map((p) => p.whole.length));
  const right = Math.max(0, ...parts.map((p) => p.fraction.length));
  const special = Math.max(0, ...values.filter((v) => !Number.isFinite(v)).map((v) => name(v).length));
  const exponent = Math.max(0, ...parts.map((p) => p.exponent.length));
  const body = parts.length === 0 ? 0 : left + 1 + right + exponent;
  const width = Math.max(body, special);
  return (value) => {
    if (!Number.isFinite(value)) return name(value).padStart(width);
    const p = split(value, dtype, scientific);
    const fraction = scientific ? p.fraction.padEnd(right, "0") : p.fraction.padEnd(right);
    return `${p.whole}.${fraction}${p.exponent}`.padStart(width);
  };
}

function name(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

/** Whole part, at most eight digits of fraction without trailing zeros, and exponent. */
function split(value: number, dtype: DType, scientific: boolean) {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const digits = shortest(Math.abs(value), dtype);
  if (scientific) {
    const [mantissa, power] = limit(digits.toExponential(), digits).split("e");
    const [whole, fraction = ""] = mantissa.split(".");
    const exponent = Number(power);
    const magnitude = `${Math.abs(exponent)}`.padStart(2, "0");
    return { whole: sign + whole, fraction, exponent: `e${exponent < 0 ? "-" : "+"}${magnitude}` };
  }
  const text = plain(digits);
  const [whole, fraction = ""] = text.split(".");
  return { whole: sign + whole, fraction, exponent: "" };
}

function limit(text: string, value: number): string {
  const fraction = text.split("e")[0].split(".")[1] ?? "";
  if (fraction.length <= PRECISION) return text;
  return value.toExponential(PRECISION).replace(/\.?0+e/, "e");
}

function plain(value: number): string {
  const fixed = value.toFixed(PRECISION).replace(/\.?0+$/, "");
  const text = `${value}`;
  return text.includes("e") || (text.split(".")[1] ?? "").length > PRECISION ? fixed : text;
}

/** The double whose decimal text is the shortest that rounds to the same value of the dtype. */
function shortest(value: number, dtype: DType): number {
  if (dtype === "float64") return value;
  const round = dtype === "float32" ? Math.fround : (x: number) => x;
  const most = dtype === "float32" ? 9 : 5;
  for (let precision = 1; precision <= most; precision++) {
    const candidate = Number(value.toPrecision(precision));
    if (round(candidate) === value) return candidate;
  }
  return dtype === "float16" ? Number(value.toPrecision(4)) : value;
}
