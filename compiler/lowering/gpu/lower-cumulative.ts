/** Prefix operations along an axis: a workgroup per line that scans it block by block, or an invocation per short line. */
import { contextOf, linearise } from "../../fusion/access.ts";
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Equation, Params } from "../../graph/graph.ts";
import type { CumulativeLowering } from "../../graph/primitive.ts";
import type { Axis, BufferParam, Expr } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { primitiveOf } from "../../primitives/table.ts";
import type { GpuLimits } from "../../program/webgpu.ts";
import { InternalError } from "../../types/errors.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { within } from "../reduce-regions.ts";
import { type GroupContext, KernelDraft, powerOfTwo, whenBelow } from "./draft.ts";

/** Lines up to this length are left to one invocation each. */
const SHORT = 32;
/** So many lines keep a GPU busy with one invocation each. */
const MANY = 8192;
/** Elements that an invocation takes of a block. */
const PER_INVOCATION = 8;

export function lowerCumulative(
  group: FusionGroup,
  context: GroupContext,
  limits: GpuLimits,
): LoweredKernel[] {
  const [root] = group.roots;
  const { lower } = primitiveOf(root.op);
  if (lower.kind !== "cumulative") throw new InternalError(`${root.op} is not cumulative`);
  return [new LineScan(root, lower, context, limits).run()];
}

class LineScan {
  readonly #draft: KernelDraft;
  readonly #shape: readonly number[];
  readonly #along: number;
  readonly #length: number;
  readonly #parallel: boolean;
  readonly #out: BufferParam;

  constructor(
    private readonly root: Equation,
    private readonly lower: CumulativeLowering<Params>,
    context: GroupContext,
    limits: GpuLimits,
  ) {
    this.#shape = root.outputs[0].type.shape;
    this.#along = lower.axis(root.params);
    this.#length = this.#shape[this.#along];
    const lines = this.#shape.reduce((n, extent, d) => (d === this.#along ? n : n * extent), 1);
    this.#parallel = !limits.software && this.#length > SHORT && (lines < MANY || this.#length > 16 * SHORT);
    const size = powerOfTwo(Math.ceil(this.#length / PER_INVOCATION), 32, limits.invocations);
    this.#draft = new KernelDraft(context, this.#parallel ? size : null);
    this.#out = this.#draft.parameters.write(root.outputs[0]);
  }

  run(): LoweredKernel {
    const { k } = this.#draft;
    if (this.#shape.includes(0)) return this.#draft.finish();
    const index: Expr[] = this.#shape.map(() => s.int(0));
    const axes: Axis[] = [];
    for (const [d, extent] of this.#shape.entries()) {
      if (d === this.#along || extent === 1) continue;
      const axis = k.axis(`i${d}`, extent, "grid");
      axes.push(axis);
      index[d] = s.axis(axis);
    }
    within(k, axes, () => (this.#parallel ? this.#blocks(index) : this.#line(index)));
    return this.#draft.finish();
  }

  #start(): Expr {
    const spec = this.lower.accumulator(contextOf(this.root));
    return s.const(spec.init, spec.dtype);
  }

  /** The index of the t-th step. */
  #at(index: readonly Expr[], t: Expr): readonly Expr[] {
    const place = this.lower.reverse(this.root.params) ? s.sub(s.int(this.#length - 1), t) : t;
    return index.with(this.#along, place);
  }

  #element(at: readonly Expr[]): Expr {
    const { elements } = this.#draft;
    elements.clear();
    return elements.element(this.root.inputs[0], at);
  }

  #line(index: readonly Expr[]): void {
    const { k } = this.#draft;
    const acc = k.let("acc", this.#start());
    k.loop(
      this.#length,
      (t) => {
        const at = this.#at(index, t);
        k.assign(acc, this.lower.combine(s, s.local(acc), this.#element(at)));
        k.store(this.#out, linearise(at, this.#shape), s.local(acc));
      },
      { name: "t" },
    );
  }

  /**
   * Blocks one after the other. In a block each invocation folds its own elements, the folds are scanned in workgroup
   * memory (Hillis and Steele, "Data parallel algorithms", 1986), and each goes over its elements once more.
   */
  #blocks(index: readonly Expr[]): void {
    const draft = this.#draft;
    const { k } = draft;
    const size = draft.size ?? 1;
    const block = size * PER_INVOCATION;
    const { dtype } = this.#start();
    const totals = [draft.shared("totals", dtype, size), draft.shared("totals", dtype, size)];
    const carry = draft.shared("carry", dtype, 1);
    draft.local((t) => k.if(s.eq(t, s.int(0)), () => k.store(carry, s.int(0), this.#start())));
    k.loop(
      Math.ceil(this.#length / block),
      (b) => {
        const first = (t: Expr): Expr => s.add(s.mul(b, s.int(block)), s.mul(t, s.int(PER_INVOCATION)));
        draft.local((t) => {
          const acc = k.let("acc", this.#start());
          k.loop(
            PER_INVOCATION,
            (j) => {
              const step = s.add(first(t), j);
              whenBelow(k, step, this.#length, () =>
                k.assign(acc, this.lower.combine(s, s.local(acc), this.#element(this.#at(index, step)))),
              );
            },
            { name: "j" },
          );
          k.store(totals[0], t, s.local(acc));
        });
        let from = 0;
        for (let distance = 1; distance < size; distance *= 2) {
          const [source, target] = [totals[from], totals[1 - from]];
          draft.local((t) => {
            const own = k.let("own", s.load(source, t));
            k.if(s.ge(t, s.int(distance)), () =>
              k.assign(own, this.lower.combine(s, s.load(source, s.sub(t, s.int(distance))), s.local(own))),
            );
            k.store(target, t, s.local(own));
          });
          from = 1 - from;
        }
        const scanned = totals[from];
        draft.local((t) => {
          const acc = k.let("acc", s.load(carry, s.int(0)));
          k.if(s.gt(t, s.int(0)), () =>
            k.assign(acc, this.lower.combine(s, s.local(acc), s.load(scanned, s.sub(t, s.int(1))))),
          );
          k.loop(
            PER_INVOCATION,
            (j) => {
              const step = s.add(first(t), j);
              whenBelow(k, step, this.#length, () => {
                const at = this.#at(index, step);
                k.assign(acc, this.lower.combine(s, s.local(acc), this.#element(at)));
                k.store(this.#out, linearise(at, this.#shape), s.local(acc));
              });
            },
            { name: "j" },
          );
        });
        draft.local((t) =>
          k.if(s.eq(t, s.int(0)), () =>
            k.store(
              carry,
              s.int(0),
              this.lower.combine(s, s.load(carry, s.int(0)), s.load(scanned, s.int(size - 1))),
            ),
          ),
        );
      },
      { name: "b" },
    );
  }
}
