/**
 * Prefix operations along one axis. Three schedules:
 *
 * - columns: the results of a row are made of those of the row before it, element by element, as memory lies;
 * - lanes: few columns run side by side in lanes, each with its running value in a register;
 * - blocks: along the last axis the prefixes of a few elements are computed on their own, so that the chain of operations
 *   that wait for each other has one link per block and not one per element.
 */
import { contextOf, linearise } from "../fusion/access.ts";
import type { FusionGroup } from "../fusion/plan.ts";
import type { Equation, Params } from "../graph/graph.ts";
import type { CumulativeLowering } from "../graph/primitive.ts";
import type { Axis, BufferParam, Expr, Local } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType, isFloating } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import type { Elements } from "./elements.ts";
import type { Parameters } from "./parameters.ts";

/** Columns that are walked as memory lies. Fewer stay in the lanes of one vector loop. */
const MIN_COLUMNS = 32;
/** Elements whose prefixes are computed apart. */
const BLOCK = 8;

export function lowerCumulative(group: FusionGroup, elements: Elements, parameters: Parameters): Stmt[] {
  const [root] = group.roots;
  const { lower } = primitiveOf(root.op);
  if (lower.kind !== "cumulative") throw new InternalError(`${root.op} is not cumulative`);
  const { shape } = root.outputs[0].type;
  if (shape.includes(0)) return [];
  return new CumulativeLowerer(root, lower, elements, parameters).run();
}

class CumulativeLowerer {
  readonly #k = new KernelBuilder();
  readonly #shape: readonly number[];
  readonly #along: number;

  constructor(
    private readonly root: Equation,
    private readonly lower: CumulativeLowering<Params>,
    private readonly elements: Elements,
    private readonly parameters: Parameters,
  ) {
    this.#shape = root.outputs[0].type.shape;
    this.#along = lower.axis(root.params);
  }

  run(): Stmt[] {
    const { dtype } = this.root.outputs[0].type;
    const columns = this.#shape.slice(this.#along + 1).reduce((n, d) => n * d, 1);
    const innermost = this.#shape.at(-1) ?? 1;
    // A running value that is kept in the results must lose nothing there.
    if (columns > 1 && innermost >= MIN_COLUMNS && computeDType(dtype) === dtype) this.#columns();
    else if (columns === 1 && this.#isCheap()) this.#blocks(this.#output());
    else this.#lanes(this.#output());
    return this.#k.finish();
  }

  #output(): BufferParam {
    return this.parameters.write(this.root.outputs[0]);
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
    return this.lower.reverse(this.root.params) ? s.sub(s.int(this.#shape[this.#along] - 1), t) : t;
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

  #columns(): void {
    const k = this.#k;
    const shape = this.#shape;
    const along = this.#along;
    const out = this.parameters.write(this.root.outputs[0], "readwrite");
    const index: Expr[] = shape.map(() => s.int(0));
    const dims = shape.map((_, d) => d);
    const row = (t: Expr, before: Expr | null): void =>
      this.#over(
        dims.slice(along + 1),
        index,
        () => {
          this.elements.clear();
          const at = (place: Expr) => linearise(index.with(along, place), shape);
          const value = this.#element(index.with(along, this.#place(t)));
          const running = before === null ? this.#start() : s.load(out, at(this.#place(before)));
          k.store(out, at(this.#place(t)), this.lower.combine(s, running, value));
        },
        true,
      );
    this.#over(dims.slice(0, along), index, () => {
      row(s.int(0), null);
      k.loop(shape[along] - 1, (t) => row(s.add(t, s.int(1)), t), { name: "t" });
    });
  }

  #lanes(out: BufferParam): void {
    const k = this.#k;
    const along = this.#along;
    const index: Expr[] = this.#shape.map(() => s.int(0));
    const others = this.#shape.map((_, d) => d).filter((d) => d !== along);
    const isInner = (others.at(-1) ?? -1) > along;
    this.#over(
      others,
      index,
      () => {
        const acc = k.let("acc", this.#start());
        k.loop(this.#shape[along], (t) => this.#step(out, index, t, acc), { name: "t" });
      },
      isInner,
    );
  }

  #step(out: BufferParam, index: readonly Expr[], t: Expr, acc: Local): void {
    const at = index.with(this.#along, this.#place(t));
    this.elements.clear();
    this.#k.assign(acc, this.lower.combine(s, s.local(acc), this.#element(at)));
    this.#k.store(out, linearise(at, this.#shape), s.local(acc));
  }

  #blocks(out: BufferParam): void {
    const k = this.#k;
    const along = this.#along;
    const index: Expr[] = this.#shape.map(() => s.int(0));
    const n = this.#shape[along];
    const blocks = Math.floor(n / BLOCK);
    const others = this.#shape.map((_, d) => d).filter((d) => d !== along);
    this.#over(others, index, () => {
      const acc = k.let("acc", this.#start());
      k.loop(
        blocks,
        (b) => {
          this.elements.clear();
          const places = Array.from({ length: BLOCK }, (_, j) =>
            index.with(along, this.#place(s.add(s.mul(b, s.int(BLOCK)), s.int(j)))),
          );
          // All of the block is read before any of it is written: the results may lie over the operand.
          let prefix: Expr | null = null;
          const prefixes = places.map((at) => {
            const value = this.#element(at);
            prefix = s.local(k.let("prefix", prefix === null ? value : this.lower.combine(s, prefix, value)));
            return prefix;
          });
          for (const [j, at] of places.entries()) {
            const total = this.lower.combine(s, s.local(acc), prefixes[j]);
            if (j < BLOCK - 1) k.store(out, linearise(at, this.#shape), total);
            else {
              k.assign(acc, total);
              k.store(out, linearise(at, this.#shape), s.local(acc));
            }
          }
        },
        { name: "b" },
      );
      k.loop(n - blocks * BLOCK, (t) => this.#step(out, index, s.add(t, s.int(blocks * BLOCK)), acc), {
        name: "t",
      });
    });
  }
}
