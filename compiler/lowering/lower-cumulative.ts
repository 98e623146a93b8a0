/**
 * Prefix operations along one axis. Three schedules:
 *
 * - rows: the results of a row are made of those of the row before it, element by element, as memory lies;
 * - lanes: few columns run side by side in lanes, each with its running value in a register;
 * - blocks: along the last axis the prefixes of a few elements are computed on their own, so that the chain of operations
 *   that wait for each other has one link per block and not one per element.
 *
 * Few long lines are cut into parts: an element is what comes before its part, combined with its prefix within the part.
 * One thread goes through the parts in order; several first compute what each part comes to, then where each begins, then
 * its elements (Blelloch, "Prefix sums and their applications", 1990). Both do the same operations on the same numbers.
 * Of wide rows threads share blocks of columns.
 */
import { contextOf, linearise } from "../fusion/access.ts";
import type { FusionGroup } from "../fusion/plan.ts";
import type { Equation, Params } from "../graph/graph.ts";
import type { CumulativeLowering } from "../graph/primitive.ts";
import { type Axis, type BufferParam, type Expr, type Local, operandsOf } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType, isFloating } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import type { Elements } from "./elements.ts";
import type { Parameters } from "./parameters.ts";
import { type PartLimits, type Parts, partsOf } from "./parts.ts";

/** Columns that are walked as memory lies. Fewer stay in the lanes of one vector loop. */
const MIN_COLUMNS = 32;
/** Elements whose prefixes are computed apart. */
const BLOCK = 8;
/** Columns that threads take at a time, and into how many blocks rows are cut for them. */
const COLUMN_STEP = 16;
const COLUMN_BLOCKS = 16;
/** So many lines, or more, are shared as they are. */
const MANY_LINES = 16;

/** For threads that share parts, or for one thread. */
type Form = "shared" | "alone";

/** The kernel's statements; null where one thread has no form of its own. */
export function lowerCumulative(
  group: FusionGroup,
  elements: Elements,
  parameters: Parameters,
  limits: PartLimits,
  form: Form = "shared",
): Stmt[] | null {
  const [root] = group.roots;
  const { lower } = primitiveOf(root.op);
  if (lower.kind !== "cumulative") throw new InternalError(`${root.op} is not cumulative`);
  const { shape } = root.outputs[0].type;
  if (shape.includes(0)) return [];
  return new CumulativeLowerer(root, lower, elements, parameters, limits, form).run();
}

/** A stretch of the axis, whose prefixes begin anew. */
interface Stretch {
  /** Its first step, and how many there are. */
  readonly first: Expr;
  readonly count: number;
  /** What comes before it, at a place among the elements of a step; null where nothing does. */
  readonly before: ((inner: Expr) => Expr) | null;
}

/** Where what a stretch comes to is put, at a place among the elements of a step, and whether its prefixes are stored too. */
interface Totals {
  readonly buffer: BufferParam;
  readonly at: (inner: Expr) => Expr;
  readonly stores: boolean;
}

class CumulativeLowerer {
  readonly #k = new KernelBuilder();
  readonly #shape: readonly number[];
  readonly #along: number;
  /** Dimensions before the axis and after it. */
  readonly #outer: readonly number[];
  readonly #inner: readonly number[];
  /** Elements along the axis, and of one step. */
  readonly #length: number;
  readonly #columns: number;
  readonly #lines: number;

  constructor(
    private readonly root: Equation,
    private readonly lower: CumulativeLowering<Params>,
    private readonly elements: Elements,
    private readonly parameters: Parameters,
    private readonly limits: PartLimits,
    private readonly form: Form,
  ) {
    this.#shape = root.outputs[0].type.shape;
    this.#along = lower.axis(root.params);
    const dims = this.#shape.map((_, d) => d);
    const sizeOf = (some: readonly number[]): number => some.reduce((n, d) => n * this.#shape[d], 1);
    this.#outer = dims.slice(0, this.#along);
    this.#inner = dims.slice(this.#along + 1);
    this.#length = this.#shape[this.#along];
    this.#columns = sizeOf(this.#inner);
    this.#lines = sizeOf(this.#outer);
  }

  run(): Stmt[] | null {
    const { dtype } = this.root.outputs[0].type;
    const innermost = this.#shape.at(-1) ?? 1;
    // A running value that is kept in the results must lose nothing there.
    if (this.#columns > 1 && innermost >= MIN_COLUMNS && computeDType(dtype) === dtype) return this.#inRows();
    const inBlocks = this.#columns === 1 && this.#isCheap();
    const parts = this.#parts();
    if (parts === null && this.form === "alone") return null;
    const out = this.parameters.write(this.root.outputs[0]);
    this.#scan(parts, (index, stretch, into) =>
      inBlocks ? this.#blocks(out, index, stretch, into) : this.#lanes(out, index, stretch, into),
    );
    return this.#k.finish();
  }

  /** One operation that takes little longer twice than once: not so the maximum of floats, which heeds NaN and -0. */
  #isCheap(): boolean {
    const { dtype } = this.#start();
    const [x, y] = [0, 1].map((n): Expr => s.local({ name: `x${n}`, dtype }));
    const e = this.lower.combine(s, x, y);
    return e.op === "binary" && !(isFloating(dtype) && (e.fn === "max" || e.fn === "min"));
  }

  #start(): Expr {
    const spec = this.lower.accumulator(contextOf(this.root));
    return s.const(spec.init, spec.dtype);
  }

  /** Place along the axis of the t-th step. */
  #place(t: Expr): Expr {
    return this.lower.reverse(this.root.params) ? s.sub(s.int(this.#length - 1), t) : t;
  }

  #element(index: readonly Expr[]): Expr {
    return this.elements.element(this.root.inputs[0], index);
  }

  /** Loops over some dimensions. */
  #over(dims: readonly number[], index: Expr[], body: () => void, vector = false): void {
    const [d, ...rest] = dims;
    if (d === undefined) return body();
    const kind = vector && rest.length === 0 ? "vector" : "serial";
    const axis: Axis = this.#k.axis(`i${d}`, this.#shape[d], kind);
    index[d] = s.axis(axis);
    this.#k.loopOver(axis, () => this.#over(rest, index, body, vector));
  }

  /** The number of an index among those of some dimensions. */
  #number(dims: readonly number[], index: readonly Expr[]): Expr {
    return linearise(
      dims.map((d) => index[d]),
      dims.map((d) => this.#shape[d]),
    );
  }

  #zeros(): Expr[] {
    return this.#shape.map(() => s.int(0));
  }

  // Parts of the axis

  /** Parts of the axis, where there are too few lines to share and an element may be computed twice. */
  #parts(): Parts | null {
    if (this.#lines >= MANY_LINES || this.#isExpensive()) return null;
    const step = this.#columns === 1 ? BLOCK : 1;
    const whole = Math.floor(this.#length / step);
    const size = this.#lines * this.#length * this.#columns;
    const parts = partsOf({ extent: whole, kind: "serial" }, size, this.limits);
    // Whole parts and a short rest, not parts of which the last is shorter.
    return parts === null ? null : { count: parts.count, chunk: Math.floor(whole / parts.count) * step };
  }

  #isExpensive(): boolean {
    const index = this.#shape.map((extent, d) => s.axis({ name: `p${d}`, extent, kind: "serial" }));
    this.elements.clear();
    const seen = new Set<Expr>();
    const stack = [this.#element(index)];
    for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
      if (seen.has(e)) continue;
      seen.add(e);
      if (e.op === "call") return true;
      stack.push(...operandsOf(e));
    }
    this.elements.clear();
    return false;
  }

  /**
   * Emits the prefixes of the axis as a whole, or of its parts. `prefixes` emits those of a stretch; with a place to put it,
   * it is only what the stretch comes to that is stored.
   */
  #scan(parts: Parts | null, prefixes: (index: Expr[], stretch: Stretch, into: Totals | null) => void): void {
    const k = this.#k;
    if (parts === null) {
      const index = this.#zeros();
      const whole: Stretch = { first: s.int(0), count: this.#length, before: null };
      return this.#over(this.#outer, index, () => prefixes(index, whole, null));
    }
    const { count, chunk } = parts;
    const size = this.#lines * (count + 1) * this.#columns;
    const buffer = this.parameters.scratch(this.#start().dtype, size);
    /** Where what comes before a part is; before that is known, what the part before it comes to. */
    const places = (index: readonly Expr[], part: Expr) => {
      const outer = s.mul(this.#number(this.#outer, index), s.int(count + 1));
      const base = s.mul(s.add(outer, part), s.int(this.#columns));
      return (inner: Expr): Expr => s.add(base, inner);
    };
    const stretchOf = (index: Expr[], part: Expr, length: number): Stretch => {
      const at = places(index, part);
      const before = (inner: Expr): Expr => s.load(buffer, at(inner));
      return { first: s.mul(part, s.int(chunk)), count: length, before };
    };
    const total = (index: Expr[], part: Expr): void => {
      const at = places(index, s.add(part, s.int(1)));
      prefixes(index, stretchOf(index, part, chunk), { buffer, at, stores: false });
    };
    const overInner = (index: Expr[], body: (inner: Expr) => void): void =>
      this.#over(this.#inner, index, () => body(this.#number(this.#inner, index)), true);
    const begin = (index: Expr[]): void =>
      overInner(index, (inner) => k.store(buffer, places(index, s.int(0))(inner), this.#start()));
    const join = (index: Expr[], part: Expr): void =>
      overInner(index, (inner) => {
        const to = places(index, s.add(part, s.int(1)))(inner);
        const before = s.load(buffer, places(index, part)(inner));
        k.store(buffer, to, this.lower.combine(s, before, s.load(buffer, to)));
      });
    const overParts = (body: (index: Expr[], part: Expr) => void, start?: (index: Expr[]) => void): void => {
      const index = this.#zeros();
      this.#over(this.#outer, index, () => {
        start?.(index);
        k.loop(count, (part) => body(index, part), { name: "part" });
      });
    };
    if (this.form === "alone") {
      overParts((index, part) => {
        const at = places(index, s.add(part, s.int(1)));
        prefixes(index, stretchOf(index, part, chunk), { buffer, at, stores: true });
        join(index, part);
      }, begin);
    } else {
      overParts(total);
      overParts(join, begin);
      overParts((index, part) => prefixes(index, stretchOf(index, part, chunk), null));
    }
    const rest = this.#length - count * chunk;
    if (rest === 0) return;
    const index = this.#zeros();
    this.#over(this.#outer, index, () => prefixes(index, stretchOf(index, s.int(count), rest), null));
  }

  // The schedules

  #inRows(): Stmt[] | null {
    const k = this.#k;
    const [last] = this.#inner.slice(-1);
    const width = Math.ceil(this.#shape[last] / COLUMN_BLOCKS / COLUMN_STEP) * COLUMN_STEP;
    const pieces = this.#lines * (this.#columns / this.#shape[last]);
    const size = this.#lines * this.#length * this.#columns;
    const shares =
      this.#lines < MANY_LINES &&
      pieces * Math.floor(this.#shape[last] / width) > 1 &&
      size >= this.limits.elements * this.limits.least;
    if (!shares && this.form === "alone") return null;
    const out = this.parameters.write(this.root.outputs[0], "readwrite");
    const index = this.#zeros();
    if (!shares || this.form === "alone") {
      this.#over(this.#outer, index, () =>
        this.#rows(out, index, (body) => this.#over(this.#inner, index, body, true)),
      );
      return k.finish();
    }
    const columns = (base: Expr, count: number) => (body: () => void) =>
      k.loop(
        count,
        (c) => {
          index[last] = s.add(base, c);
          body();
        },
        { name: "c", kind: "vector" },
      );
    // A block of columns is walked through all rows before the next one.
    this.#over([...this.#outer, ...this.#inner.slice(0, -1)], index, () => {
      const blocks = Math.floor(this.#shape[last] / width);
      k.loop(blocks, (b) => this.#rows(out, index, columns(s.mul(b, s.int(width)), width)), {
        name: "block",
      });
      const rest = this.#shape[last] - blocks * width;
      if (rest > 0) this.#rows(out, index, columns(s.int(blocks * width), rest));
    });
    return k.finish();
  }

  /** All rows; `over` loops over the columns. */
  #rows(out: BufferParam, index: Expr[], over: (body: () => void) => void): void {
    const row = (t: Expr, isFirst: boolean): void =>
      over(() => {
        this.elements.clear();
        const at = (step: Expr): Expr => linearise(index.with(this.#along, this.#place(step)), this.#shape);
        const value = this.#element(index.with(this.#along, this.#place(t)));
        const running = isFirst ? this.#start() : s.load(out, at(s.sub(t, s.int(1))));
        this.#k.store(out, at(t), this.lower.combine(s, running, value));
      });
    row(s.int(0), true);
    this.#k.loop(this.#length - 1, (t) => row(s.add(t, s.int(1)), false), { name: "t" });
  }

  #lanes(out: BufferParam, index: Expr[], { first, count, before }: Stretch, into: Totals | null): void {
    const k = this.#k;
    this.#over(
      this.#inner,
      index,
      () => {
        const inner = this.#number(this.#inner, index);
        const start =
          before === null || into?.stores === false ? null : s.local(k.let("start", before(inner)));
        const acc = k.let("acc", this.#start());
        k.loop(count, (t) => this.#step(out, index, s.add(first, t), acc, start, into), { name: "t" });
        if (into !== null) k.store(into.buffer, into.at(inner), s.local(acc));
      },
      true,
    );
  }

  #step(
    out: BufferParam,
    index: readonly Expr[],
    t: Expr,
    acc: Local,
    start: Expr | null,
    into: Totals | null,
  ): void {
    const at = index.with(this.#along, this.#place(t));
    this.elements.clear();
    this.#k.assign(acc, this.lower.combine(s, s.local(acc), this.#element(at)));
    if (into?.stores !== false) this.#store(out, at, start, s.local(acc));
  }

  #store(out: BufferParam, at: readonly Expr[], start: Expr | null, prefix: Expr): void {
    const value = start === null ? prefix : this.lower.combine(s, start, prefix);
    this.#k.store(out, linearise(at, this.#shape), value);
  }

  #blocks(
    out: BufferParam,
    index: readonly Expr[],
    { first, count, before }: Stretch,
    into: Totals | null,
  ): void {
    const k = this.#k;
    const along = this.#along;
    const blocks = Math.floor(count / BLOCK);
    const stores = into?.stores !== false;
    const start = before === null || !stores ? null : s.local(k.let("start", before(s.int(0))));
    const acc = k.let("acc", this.#start());
    k.loop(
      blocks,
      (b) => {
        this.elements.clear();
        const places = Array.from({ length: BLOCK }, (_, j) =>
          index.with(along, this.#place(s.add(first, s.add(s.mul(b, s.int(BLOCK)), s.int(j))))),
        );
        // All of the block is read before any of it is written: the results may lie over the operand.
        let prefix: Expr | null = null;
        const prefixes = places.map((at) => {
          const value = this.#element(at);
          prefix = s.local(k.let("prefix", prefix === null ? value : this.lower.combine(s, prefix, value)));
          return prefix;
        });
        for (const [j, at] of places.entries()) {
          if (j < BLOCK - 1 && !stores) continue;
          const total = this.lower.combine(s, s.local(acc), prefixes[j]);
          if (j < BLOCK - 1) this.#store(out, at, start, total);
          else {
            k.assign(acc, total);
            if (stores) this.#store(out, at, start, s.local(acc));
          }
        }
      },
      { name: "b" },
    );
    k.loop(
      count - blocks * BLOCK,
      (t) => this.#step(out, index, s.add(s.add(first, s.int(blocks * BLOCK)), t), acc, start, into),
      { name: "t" },
    );
    if (into !== null) k.store(into.buffer, into.at(s.int(0)), s.local(acc));
  }
}
