/**
 * Integer arithmetic on int32 index expressions: ranges, affine forms, and the simplifications that let movement
 * operations vanish into indices. Division and remainder here are `div`/`rem` of non-negative values, so they agree
 * with floor division; the rules check that with ranges before they fire.
 */
import { evaluateBinary } from "./constants.ts";
import type { Axis, BinaryExpr, Expr } from "./expr.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

const UNKNOWN: Range = { min: -2147483648, max: 2147483647 };
function isUnknown(r: Range): boolean {
  return r.min <= UNKNOWN.min && r.max >= UNKNOWN.max;
}

const NON_NEGATIVE_32: Range = { min: 0, max: 2147483647 };

/** Declared cache: ranges of immutable expressions. */
const ranges = new WeakMap<Expr, Range>();

function clampRange(min: number, max: number): Range {
  // A range that may leave int32 may wrap, and then says nothing.
  return min < UNKNOWN.min || max > UNKNOWN.max ? UNKNOWN : { min, max };
}

/** Bounds of the value of an int32 (or bool) expression. */
export function rangeOf(e: Expr): Range {
  switch (e.op) {
    case "const":
      return { min: e.value, max: e.value };
    case "axis":
      return { min: 0, max: Math.max(e.axis.extent - 1, 0) };
    case "binary":
    case "select":
    case "guard":
    case "convert": {
      const known = ranges.get(e);
      if (known) return known;
      const range = computeRange(e);
      ranges.set(e, range);
      return range;
    }
    default:
      return e.dtype === "bool" ? { min: 0, max: 1 } : UNKNOWN;
  }
}

function computeRange(e: Expr): Range {
  if (e.op === "select" || e.op === "guard") {
    const x = rangeOf(e.x);
    const y = rangeOf(e.y);
    return { min: Math.min(x.min, y.min), max: Math.max(x.max, y.max) };
  }
  if (e.op === "convert") {
    if (e.x.dtype === "uint8" || e.x.dtype === "bool") return { min: 0, max: 255 };
    if (e.x.dtype === "uint16") return { min: 0, max: 65535 };
    return UNKNOWN;
  }
  if (e.op !== "binary" || e.dtype !== "int32") return e.dtype === "bool" ? { min: 0, max: 1 } : UNKNOWN;
  const x = rangeOf(e.x);
  const y = rangeOf(e.y);
  switch (e.fn) {
    case "add":
      return clampRange(x.min + y.min, x.max + y.max);
    case "sub":
      return clampRange(x.min - y.max, x.max - y.min);
    case "mul": {
      const p = [x.min * y.min, x.min * y.max, x.max * y.min, x.max * y.max];
      return clampRange(Math.min(...p), Math.max(...p));
    }
    case "div":
      if (y.min === y.max && y.min > 0)
        return { min: Math.trunc(x.min / y.min), max: Math.trunc(x.max / y.min) };
      return UNKNOWN;
    case "rem":
      if (y.min === y.max && y.min > 0) {
        if (x.min >= 0) return { min: 0, max: Math.min(x.max, y.min - 1) };
        return { min: 1 - y.min, max: y.min - 1 };
      }
      return UNKNOWN;
    case "max":
      return { min: Math.max(x.min, y.min), max: Math.max(x.max, y.max) };
    case "min":
      return { min: Math.min(x.min, y.min), max: Math.min(x.max, y.max) };
    case "and":
      return y.min === y.max && y.min >= 0
        ? { min: 0, max: y.min }
        : x.min >= 0 && y.min >= 0
          ? NON_NEGATIVE_32
          : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/** A sum of terms `coefficient · expression` plus a constant; the terms are not sums themselves. */
export interface LinearForm {
  readonly terms: ReadonlyMap<Expr, number>;
  readonly constant: number;
}

/** Two leaves denote the same value: the same object, or structurally equal small expressions. */
function sameLeaf(a: Expr, b: Expr): boolean {
  if (a === b) return true;
  if (a.op === "axis" && b.op === "axis") return a.axis === b.axis;
  if (a.op === "local" && b.op === "local") return a.local === b.local;
  if (a.op === "binary" && b.op === "binary")
    return a.fn === b.fn && sameLeaf(a.x, b.x) && sameLeaf(a.y, b.y);
  if (a.op === "const" && b.op === "const") return a.value === b.value && a.dtype === b.dtype;
  if (a.op === "load" && b.op === "load") return a.buffer === b.buffer && sameLeaf(a.index, b.index);
  if (a.op === "convert" && b.op === "convert") return a.dtype === b.dtype && sameLeaf(a.x, b.x);
  return false;
}

function collect(e: Expr, scale: number, terms: Map<Expr, number>): number {
  if (e.op === "const") return e.value * scale;
  if (e.op === "binary") {
    if (e.fn === "add") return collect(e.x, scale, terms) + collect(e.y, scale, terms);
    if (e.fn === "sub") return collect(e.x, scale, terms) + collect(e.y, -scale, terms);
    if (e.fn === "mul" && e.y.op === "const") return collect(e.x, scale * e.y.value, terms);
    if (e.fn === "mul" && e.x.op === "const") return collect(e.y, scale * e.x.value, terms);
  }
  for (const leaf of terms.keys()) {
    if (sameLeaf(leaf, e)) {
      terms.set(leaf, (terms.get(leaf) ?? 0) + scale);
      return 0;
    }
  }
  terms.set(e, scale);
  return 0;
}

/** The linear form of an int32 expression over its non-linear leaves. */
export function linearForm(e: Expr): LinearForm {
  const terms = new Map<Expr, number>();
  const constant = collect(e, 1, terms);
  for (const [leaf, k] of terms) if (k === 0) terms.delete(leaf);
  return { terms, constant };
}

function raw(fn: BinaryExpr["fn"], x: Expr, y: Expr): Expr {
  return { op: "binary", fn, dtype: "int32", x, y };
}

function int(value: number): Expr {
  return { op: "const", dtype: "int32", value };
}

/** Builds the expression of a linear form: `a*k + b + c`, greatest coefficients first. */
export function fromLinearForm(form: LinearForm): Expr {
  let out: Expr | null = null;
  const terms = [...form.terms].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  for (const [leaf, k] of terms) {
    if (k === 0) continue;
    if (out === null) out = k === 1 ? leaf : raw("mul", leaf, int(k));
    else if (k === -1) out = raw("sub", out, leaf);
    else out = raw("add", out, k === 1 ? leaf : raw("mul", leaf, int(k)));
  }
  if (out === null) return int(form.constant);
  if (form.constant === 0) return out;
  return form.constant > 0 ? raw("add", out, int(form.constant)) : raw("sub", out, int(-form.constant));
}

function formRange(form: LinearForm): { min: number; max: number } {
  let min = form.constant;
  let max = form.constant;
  for (const [leaf, k] of form.terms) {
    const r = rangeOf(leaf);
    min += Math.min(r.min * k, r.max * k);
    max += Math.max(r.min * k, r.max * k);
  }
  return { min, max };
}

/** Splits a form into the part divisible by n and the rest. */
function splitDivisible(form: LinearForm, n: number): { multiple: LinearForm; rest: LinearForm } {
  const multiple = new Map<Expr, number>();
  const rest = new Map<Expr, number>();
  for (const [leaf, k] of form.terms) (k % n === 0 ? multiple : rest).set(leaf, k);
  const low = ((form.constant % n) + n) % n;
  return {
    multiple: { terms: multiple, constant: form.constant - low },
    rest: { terms: rest, constant: low },
  };
}

function scaled(form: LinearForm, divisor: number): LinearForm {
  return {
    terms: new Map([...form.terms].map(([leaf, k]) => [leaf, k / divisor])),
    constant: form.constant / divisor,
  };
}

function simplifyDivRem(e: BinaryExpr): Expr {
  const { x, y } = e;
  if (y.op !== "const" || y.value <= 0) return e;
  const n = y.value;
  const range = rangeOf(x);
  if (isUnknown(range) || range.min < 0) return e;
  if (range.max < n) return e.fn === "div" ? int(0) : x;
  const form = linearForm(x);
  const { multiple, rest } = splitDivisible(form, n);
  const restRange = formRange(rest);
  // (q·n + r) / n with 0 <= r < n is q, and its remainder r.
  if (restRange.min >= 0 && restRange.max < n) {
    return e.fn === "div" ? fromLinearForm(scaled(multiple, n)) : fromLinearForm(rest);
  }
  if (restRange.min >= 0 && multiple.terms.size > 0 && formRange(multiple).min >= 0) {
    const inner = fromLinearForm(rest);
    if (e.fn === "div") {
      const q = linearForm(simplifyIndex(raw("div", inner, int(n))));
      return fromLinearForm(addForms(scaled(multiple, n), q));
    }
    return simplifyIndex(raw("rem", inner, int(n)));
  }
  // (x / a) / b is x / (a·b); (x % (a·b)) % b is x % b; common factors cancel.
  if (x.op === "binary" && x.y.op === "const" && x.y.value > 0 && rangeOf(x.x).min >= 0) {
    if (e.fn === "div" && x.fn === "div" && n * x.y.value <= 2147483647) {
      return simplifyIndex(raw("div", x.x, int(n * x.y.value)));
    }
    if (e.fn === "rem" && x.fn === "rem" && x.y.value % n === 0)
      return simplifyIndex(raw("rem", x.x, int(n)));
  }
  if (form.terms.size === 1 && form.constant === 0) {
    const [[leaf, k]] = [...form.terms];
    if (k > 1 && n % k === 0 && rangeOf(leaf).min >= 0) {
      const q = raw(e.fn, leaf, int(n / k));
      const inner = simplifyIndex(q);
      return e.fn === "div" ? inner : simplifyIndex(raw("mul", inner, int(k)));
    }
  }
  return e;
}

function addForms(a: LinearForm, b: LinearForm): LinearForm {
  const terms = new Map(a.terms);
  for (const [leaf, k] of b.terms) {
    let key = leaf;
    for (const other of terms.keys()) if (sameLeaf(other, leaf)) key = other;
    terms.set(key, (terms.get(key) ?? 0) + k);
  }
  return { terms, constant: a.constant + b.constant };
}

/** Whether `quotient` is x / n, be it written as y / (m·n) for x = y / m. */
function isQuotient(quotient: Expr, x: Expr, n: number): boolean {
  if (quotient.op !== "binary" || quotient.fn !== "div" || quotient.y.op !== "const") return false;
  if (quotient.y.value === n && sameLeaf(quotient.x, x)) return true;
  if (x.op !== "binary" || x.fn !== "div" || x.y.op !== "const") return false;
  return quotient.y.value === n * x.y.value && sameLeaf(quotient.x, x.x);
}

/** x/n·n + x%n is x: rejoins what a reshape there and back took apart. */
function rejoin(form: LinearForm): LinearForm {
  for (const [leaf, k] of form.terms) {
    if (leaf.op !== "binary" || leaf.fn !== "rem" || leaf.y.op !== "const" || rangeOf(leaf.x).min < 0)
      continue;
    for (const [other, m] of form.terms) {
      if (m !== k * leaf.y.value || !isQuotient(other, leaf.x, leaf.y.value)) continue;
      const terms = new Map(form.terms);
      terms.delete(leaf);
      terms.delete(other);
      const whole = scaledBy(linearForm(leaf.x), k);
      return rejoin(addForms({ terms, constant: form.constant }, whole));
    }
  }
  return form;
}

function scaledBy(form: LinearForm, k: number): LinearForm {
  return { terms: new Map([...form.terms].map(([leaf, c]) => [leaf, c * k])), constant: form.constant * k };
}

/** Whether it is what `fromLinearForm` makes of it: one leaf, scaled or moved. */
function isLinear({ fn, x, y }: BinaryExpr): boolean {
  if (y.op !== "const" || x.op === "const" || x.op === "binary") return false;
  return fn === "mul" ? y.value !== 0 && y.value !== 1 : y.value > 0;
}

/** Simplifies one int32 operation whose operands are simplified already. */
export function simplifyIndex(e: Expr): Expr {
  if (e.op !== "binary") return e;
  if (e.x.op === "const" && e.y.op === "const") {
    const value = evaluateBinary(e.fn, e.x.value, e.y.value, e.x.dtype);
    return { op: "const", dtype: e.dtype, value };
  }
  switch (e.fn) {
    case "add":
    case "sub":
    case "mul": {
      if (e.fn === "mul" && e.x.op !== "const" && e.y.op !== "const") return e;
      // Only expressions that cannot wrap may be reassociated into a linear form.
      if (isUnknown(rangeOf(e))) return e;
      if (isLinear(e)) return e;
      return fromLinearForm(rejoin(linearForm(e)));
    }
    case "div":
    case "rem":
      return simplifyDivRem(e);
    case "lt":
    case "le":
    case "gt":
    case "ge":
    case "eq":
    case "ne":
      return decideCompare(e);
    case "max":
    case "min": {
      const x = rangeOf(e.x);
      const y = rangeOf(e.y);
      const [less, greater] = e.fn === "max" ? [e.x, e.y] : [e.y, e.x];
      // `greater` is the result where x ≤ y always holds, `less` where y ≤ x does.
      if (x.max <= y.min) return greater;
      if (y.max <= x.min) return less;
      return e;
    }
    default:
      return e;
  }
}

function decideCompare(e: BinaryExpr): Expr {
  const x = rangeOf(e.x);
  const y = rangeOf(e.y);
  const truth = (value: boolean): Expr => ({ op: "const", dtype: "bool", value: value ? 1 : 0 });
  switch (e.fn) {
    case "lt":
      return x.max < y.min ? truth(true) : x.min >= y.max ? truth(false) : e;
    case "le":
      return x.max <= y.min ? truth(true) : x.min > y.max ? truth(false) : e;
    case "gt":
      return x.min > y.max ? truth(true) : x.max <= y.min ? truth(false) : e;
    case "ge":
      return x.min >= y.max ? truth(true) : x.max < y.min ? truth(false) : e;
    case "eq":
      return x.max < y.min || x.min > y.max ? truth(false) : e;
    case "ne":
      return x.max < y.min || x.min > y.max ? truth(true) : e;
    default:
      return e;
  }
}

/** Coefficient of each axis in an affine index, or null where the index depends on an axis in another way. */
export function affineIn(e: Expr): { coefficients: ReadonlyMap<Axis, number>; rest: LinearForm } | null {
  const form = linearForm(e);
  const coefficients = new Map<Axis, number>();
  const rest = new Map<Expr, number>();
  for (const [leaf, k] of form.terms) {
    if (leaf.op === "axis") coefficients.set(leaf.axis, k);
    else rest.set(leaf, k);
  }
  return { coefficients, rest: { terms: rest, constant: form.constant } };
}

/** Whether two int32 expressions are provably equal: the same linear form over the same leaves. */
export function sameIndex(a: Expr, b: Expr): boolean {
  if (a === b) return true;
  const x = linearForm(a);
  const y = linearForm(b);
  if (x.constant !== y.constant || x.terms.size !== y.terms.size) return false;
  for (const [leaf, k] of x.terms) {
    const twin = y.terms.has(leaf) ? leaf : [...y.terms.keys()].find((other) => sameLeaf(other, leaf));
    if (twin === undefined || y.terms.get(twin) !== k) return false;
  }
  return true;
}

/** Value of an index expression at given axis positions; null where it depends on memory or locals. */
function evaluateIndex(e: Expr, at: (axis: Axis) => number): number | null {
  if (e.op === "const") return e.value;
  if (e.op === "axis") return at(e.axis);
  if (e.op !== "binary") return null;
  const x = evaluateIndex(e.x, at);
  const y = evaluateIndex(e.y, at);
  return x === null || y === null ? null : evaluateBinary(e.fn, x, y, e.x.dtype);
}

/**
 * Whether two indices into `size` elements differ at some sampled position: a check for what is known to be equal. Lanes
 * beyond the last element, of which nothing is stored, do not count.
 */
export function differSomewhere(a: Expr, b: Expr, size: number): boolean {
  for (let sample = 0; sample < 16; sample++) {
    let n = sample;
    const chosen = new Map<Axis, number>();
    const at = (axis: Axis): number => {
      let value = chosen.get(axis);
      if (value === undefined) {
        n = (Math.imul(n, 1664525) + 1013904223) >>> 0;
        value = sample === 0 ? 0 : sample === 1 ? axis.extent - 1 : n % axis.extent;
        chosen.set(axis, value);
      }
      return value;
    };
    const place = evaluateIndex(b, at);
    if (place !== null && place >= size) continue;
    if (evaluateIndex(a, at) !== place) return true;
  }
  return false;
}
