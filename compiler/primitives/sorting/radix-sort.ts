/**
 * Sorting a row by the digits of its keys, least significant first (LSD radix sort): one pass over the elements per
 * digit, each a stable distribution by counting. A key is mapped to an unsigned number of the same order (floats after
 * Herf, "Radix tricks"); it is computed anew in each pass from the operand itself, which is moved along.
 */
import type { BufferParam, Expr, Local } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";

/** Bits of a digit: the counters of the greater one fill a quarter of a first-level cache. */
const DIGIT_BITS = 8;
const LONG_DIGIT_BITS = 11;
/** Elements that outweigh the counters of long digits, and of short ones. */
const LONG_ROW = 16384;
const SHORT_ROW = 256;

/** One pass: the bits `shift` … `shift + bits - 1` of a word of a key. */
export interface Digit {
  /** Which operand is the key. */
  readonly key: number;
  readonly word: "only" | "low" | "high";
  readonly shift: number;
  readonly bits: number;
}

/** The passes of a sort, in order, or null where merging is faster. `keys` are the dtypes of the keys, first one first. */
export function digitsOf(keys: readonly DType[], length: number): readonly Digit[] | null {
  if (length < SHORT_ROW) return null;
  const widest = length < LONG_ROW ? DIGIT_BITS : LONG_DIGIT_BITS;
  const digits: Digit[] = [];
  for (let key = keys.length - 1; key >= 0; key--) {
    for (const { word, from, to } of wordsOf(keys[key])) {
      const passes = Math.ceil((to - from) / widest);
      const bits = Math.ceil((to - from) / passes);
      for (let shift = from; shift < to; shift += bits) {
        digits.push({ key, word, shift, bits: Math.min(bits, to - shift) });
      }
    }
  }
  // Merging takes a pass per doubling.
  return digits.length < Math.log2(length) ? digits : null;
}

/** The words of a key's number, least significant first, and which of their bits differ at all. */
function wordsOf(dtype: DType): readonly { word: Digit["word"]; from: number; to: number }[] {
  if (dtype === "float64") {
    return [
      { word: "low", from: 0, to: 32 },
      { word: "high", from: 0, to: 32 },
    ];
  }
  // A half is loaded as a float, whose last 13 bits are zeros, or all ones for NaN.
  if (dtype === "float16") return [{ word: "only", from: 13, to: 32 }];
  return [{ word: "only", from: 0, to: DTYPE_INFO[dtype].bits }];
}

/** Words of the unsigned number that orders as a key does: -inf … inf, then NaN, and -0 as +0. */
function orderedWord(s: ScalarOps, x: Expr, word: Digit["word"]): Expr {
  const sign = s.const(0x80000000, "uint32");
  const { kind, min } = DTYPE_INFO[x.dtype];
  if (kind === "bool" || x.dtype === "uint8" || x.dtype === "uint16") return s.convert(x, "uint32");
  if (x.dtype === "uint32") return x;
  if (kind === "int") {
    const wide = s.convert(x, "int32");
    if (x.dtype === "int32") return s.xor(s.bitcast(wide, "uint32"), sign);
    return s.bitcast(s.sub(wide, s.int(min)), "uint32");
  }
  // -0 + 0 is +0. All bits of a negative number are turned around, of the others only the sign.
  const zero = s.add(x, s.const(0, x.dtype));
  const high = word === "only" ? s.bitcast(zero, "int32") : s.highWord(zero);
  const negative = s.shr(high, s.int(31));
  const bits = word === "low" ? s.lowWord(zero) : high;
  const turn = word === "low" ? negative : s.or(negative, s.int(-0x80000000));
  const ordered = s.bitcast(s.xor(bits, turn), "uint32");
  return s.select(s.ne(x, x), s.const(0xffffffff, "uint32"), ordered);
}

function digitOf(s: ScalarOps, x: Expr, { word, shift, bits }: Digit): Expr {
  const shifted = s.shrLogical(orderedWord(s, x, word), s.const(shift, "uint32"));
  return s.bitcast(s.and(shifted, s.const(2 ** bits - 1, "uint32")), "int32");
}

/** A row of at least this many elements is sorted in parts that threads share. */
const SHARED_ROW = 1 << 18;
/** Elements of a part outweigh its counters. */
const PART = 1 << 15;
const MAX_PARTS = 16;

/** Parts of a row of which threads count and move the elements of one each. */
export function partsOf(length: number): number {
  return length < SHARED_ROW ? 1 : Math.min(MAX_PARTS, Math.floor(length / PART));
}

/** Counters of every digit; of a row in parts those of one digit at a time, in each part. */
export function counterSizes(digits: readonly Digit[], parts: number): number[] {
  const sizes = digits.map(({ bits }) => 2 ** bits);
  return parts === 1 ? sizes : [parts * Math.max(...sizes)];
}

/** Scratch rows per operand. */
export function radixRows(digits: readonly Digit[]): 1 | 2 {
  return digits.length > 2 ? 2 : 1;
}

/** The elements of the operands at a place of the row, and where to put them. */
export interface RowAccess {
  readonly load: (j: Expr) => readonly Expr[];
  readonly store: (j: Expr, values: readonly Expr[]) => void;
}

export interface RadixSort {
  readonly digits: readonly Digit[];
  readonly length: number;
  readonly input: RowAccess;
  readonly output: RowAccess;
  /** One or two sets of scratch rows. */
  readonly rows: readonly (readonly BufferParam[])[];
  /** As `counterSizes` says. */
  readonly counters: readonly BufferParam[];
}

/** Rows of scratch memory, as places to read and write. */
function scratchRows(k: KernelBuilder, s: ScalarOps, rows: RadixSort["rows"]): RowAccess[] {
  return rows.map((buffers) => ({
    load: (j) => buffers.map((row) => s.load(row, j)),
    store: (j, values) => {
      for (const [i, row] of buffers.entries()) k.store(row, j, values[i]);
    },
  }));
}

/** Sorts a row. The input is read whole before the output is written. */
export function radixSort(k: KernelBuilder, s: ScalarOps, sort: RadixSort): void {
  const { digits, length: n, input, output, counters } = sort;
  for (const counter of counters) clear(k, s, counter, s.int(0), counter.size);
  const scratch = scratchRows(k, s, sort.rows);
  const single = digits.length === 1;
  k.loop(
    n,
    (j) => {
      const values = input.load(j).map((value) => s.local(k.let("value", value)));
      for (const [d, digit] of digits.entries()) {
        const at = s.local(k.let("digit", digitOf(s, values[digit.key], digit)));
        k.store(counters[d], at, s.add(s.load(counters[d], at), s.int(1)));
      }
      if (single) scratch[0].store(j, values);
    },
    { name: "j" },
  );
  for (const counter of counters) {
    const sum = k.let("sum", s.int(0));
    k.loop(counter.size, (c) => toStart(k, s, counter, c, sum), { name: "c" });
  }
  let from = single ? scratch[0] : input;
  for (const [d, digit] of digits.entries()) {
    const to = d === digits.length - 1 ? output : scratch[d % scratch.length];
    k.loop(n, (j) => distribute(k, s, digit, counters[d], s.int(0), from, to, j), { name: "j" });
    from = to;
  }
}

/**
 * The same in parts that may run at the same time: each counts its own elements, and with the counts of all, in the order
 * of the parts, puts them where one pass over the row would (Zagha, Blelloch, "Radix sort for vector multiprocessors",
 * 1991). The elements of a part change from pass to pass, so each pass counts anew.
 */
export function radixSortInParts(k: KernelBuilder, s: ScalarOps, parts: number, sort: RadixSort): void {
  const { digits, length, input, output } = sort;
  const [counter] = sort.counters;
  const scratch = scratchRows(k, s, sort.rows);
  const single = digits.length === 1;
  const chunk = Math.ceil(length / parts);
  const overPart = (part: Expr, body: (j: Expr) => void): void => {
    k.loop(
      chunk,
      (j) => {
        const at = s.add(s.mul(part, s.int(chunk)), j);
        const inside = s.lt(at, s.int(length));
        if (inside.op === "const") body(at);
        else k.if(inside, () => body(at));
      },
      { name: "j" },
    );
  };
  let from = input;
  for (const [d, digit] of digits.entries()) {
    const counts = 2 ** digit.bits;
    const to = d === digits.length - 1 ? output : scratch[d % scratch.length];
    const base = (part: Expr): Expr => s.mul(part, s.int(counts));
    const source = from;
    k.loop(
      parts,
      (part) => {
        clear(k, s, counter, base(part), counts);
        overPart(part, (j) => {
          const values = source.load(j).map((value) => s.local(k.let("value", value)));
          const at = s.local(k.let("digit", s.add(base(part), digitOf(s, values[digit.key], digit))));
          k.store(counter, at, s.add(s.load(counter, at), s.int(1)));
          if (single) scratch[0].store(j, values);
        });
      },
      { name: "part", kind: "grid" },
    );
    const sum = k.let("sum", s.int(0));
    k.loop(
      counts,
      (c) => k.loop(parts, (part) => toStart(k, s, counter, s.add(base(part), c), sum), { name: "part" }),
      { name: "c" },
    );
    const moved = single ? scratch[0] : from;
    k.loop(
      parts,
      (part) => overPart(part, (j) => distribute(k, s, digit, counter, base(part), moved, to, j)),
      { name: "part", kind: "grid" },
    );
    from = to;
  }
}

function clear(k: KernelBuilder, s: ScalarOps, counter: BufferParam, base: Expr, size: number): void {
  k.loop(size, (c) => k.store(counter, s.add(base, c), s.int(0)), { name: "c", kind: "vector" });
}

/** A count becomes the place where its elements begin. */
function toStart(k: KernelBuilder, s: ScalarOps, counter: BufferParam, c: Expr, sum: Local): void {
  const count = s.local(k.let("count", s.load(counter, c)));
  k.store(counter, c, s.local(sum));
  k.assign(sum, s.add(s.local(sum), count));
}

/** Moves an element to where the next one with its digit belongs. */
function distribute(
  k: KernelBuilder,
  s: ScalarOps,
  digit: Digit,
  counter: BufferParam,
  base: Expr,
  from: RowAccess,
  to: RowAccess,
  j: Expr,
): void {
  const values = from.load(j).map((value) => s.local(k.let("value", value)));
  const at = s.local(k.let("digit", s.add(base, digitOf(s, values[digit.key], digit))));
  const place = s.local(k.let("place", s.load(counter, at)));
  k.store(counter, at, s.add(place, s.int(1)));
  to.store(place, values);
}
