/**
 * Reductions of every kind. An invocation folds one result, or a workgroup does; where that would leave most of the GPU
 * idle, the domain is cut into chunks whose partial results a second kernel folds.
 *
 * Parts are put together in the order of the domain, so that folds which heed the order (argmax's first place) see it.
 */
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Equation } from "../../graph/graph.ts";
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { GpuLimits } from "../../program/webgpu.ts";
import { sizeOf } from "../../types/tensor-type.ts";
import { type Fold, valuesOf } from "../folds.ts";
import { choosePartition, countDivisions, makeNest, type Partition, splitPartition } from "../loop-shape.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { spread, within } from "../reduce-regions.ts";
import { loadsOf, vectorCost } from "../strides.ts";
import { type GroupContext, powerOfTwo, when, whenBelow } from "./draft.ts";
import { declareAccumulators, Partials, type Stage, stageOf } from "./partials.ts";

/** Results that keep a GPU busy with one invocation each. */
const BUSY_INVOCATIONS = 8192;
/** Results that keep a GPU busy with one workgroup each. */
const BUSY_WORKGROUPS = 64;
/** A workgroup is worth its barriers from this many terms on. */
const MIN_WORKGROUP_TERMS = 128;
/** Terms that an invocation folds at the least before a domain is cut for more of them. */
const MIN_CHUNK = 256;
/** Terms that a workgroup folds at the least before a domain is cut for more of them. */
const MIN_WORKGROUP_CHUNK = 4096;
/** Results of which each has a workgroup of its own on an adapter in software, and terms from which on. */
const SOFTWARE_RESULTS = 4;
const SOFTWARE_TERMS = 2 ** 18;
/** The same for an adapter in software, whose cores are few. */
const BUSY_SOFTWARE = 256;
const MIN_SOFTWARE_CHUNK = 1024;
/**
 * Invocations of the one workgroup that folds a result there, where results are few: the lanes of a core, which read neighbours.
 * One core does it as fast as two do in chunks, and a second dispatch is saved.
 */
const SOFTWARE_WORKGROUP = 4;
/** Terms of a turn of the loop there: what a turn costs beside them is much. */
const SOFTWARE_UNROLL = 8;
/** Terms that one accumulator of a sum takes before it is added to the total: keeps the rounding error small. */
const SUM_BLOCK = 128;

export function lowerReduce(group: FusionGroup, context: GroupContext, limits: GpuLimits): LoweredKernel[] {
  return new ReduceLowerer(group, context, limits).run();
}

class ReduceLowerer {
  readonly #sample: Stage;
  readonly #outPartition: Partition;
  readonly #redPartition: Partition;
  /** Results, and terms of each. */
  readonly #count: number;
  readonly #terms: number;
  readonly #workgroup: boolean;
  /** Parts that the domain is cut into, and terms of each but the last. */
  readonly #chunks: number;
  readonly #chunk: number;

  constructor(
    private readonly group: FusionGroup,
    private readonly context: GroupContext,
    private readonly limits: GpuLimits,
  ) {
    this.#sample = stageOf(group, context, null);
    const { folds } = this.#sample;
    const { shape, domain } = folds;
    this.#count = sizeOf(shape);
    this.#terms = sizeOf(domain);
    const redSplit = makeNest(domain, splitPartition(domain), (n) => `r${n}`, "reduce");
    this.#outPartition = choosePartition(shape, (candidate) =>
      countDivisions(
        folds.evaluate(makeNest(shape, candidate, (n) => `i${n}`, "grid").index, redSplit.index),
      ),
    );
    const out = makeNest(shape, this.#outPartition, (n) => `i${n}`, "grid");
    this.#redPartition = choosePartition(domain, (candidate) =>
      countDivisions(folds.evaluate(out.index, makeNest(domain, candidate, (n) => `r${n}`, "reduce").index)),
    );
    const red = makeNest(domain, this.#redPartition, (n) => `r${n}`, "reduce");
    const loads = loadsOf(folds.evaluate(out.index, red.index));
    const along = (axis: Axis | undefined): number =>
      axis === undefined ? Infinity : vectorCost(loads, axis);
    const contiguous = along(red.axes.at(-1)?.axis) <= along(out.axes.at(-1)?.axis);
    const alone =
      limits.software && contiguous && this.#count <= SOFTWARE_RESULTS && this.#terms >= SOFTWARE_TERMS;
    this.#workgroup =
      alone ||
      (!limits.software &&
        this.#terms >= MIN_WORKGROUP_TERMS &&
        (contiguous || this.#count < 32) &&
        this.#count < BUSY_INVOCATIONS * 8);
    const [busy, least] = alone
      ? [1, Infinity]
      : this.#workgroup
        ? [BUSY_WORKGROUPS, MIN_WORKGROUP_CHUNK]
        : limits.software
          ? [BUSY_SOFTWARE, MIN_SOFTWARE_CHUNK]
          : [BUSY_INVOCATIONS, MIN_CHUNK];
    const wanted = Math.min(Math.ceil(busy / Math.max(this.#count, 1)), Math.floor(this.#terms / least));
    // Chunks of whole blocks need no look at where a block ends.
    const step = !this.#workgroup && folds.sumsFloats ? SUM_BLOCK : 1;
    this.#chunk = wanted < 2 ? this.#terms : Math.ceil(this.#terms / wanted / step) * step;
    this.#chunks = wanted < 2 ? 1 : Math.ceil(this.#terms / this.#chunk);
  }

  run(): LoweredKernel[] {
    if (this.#count === 0) return [this.#sample.draft.finish()];
    if (this.#chunks === 1) {
      return [
        this.#fold(0, (stage, out, accumulators) => stage.folds.results(stage.draft.k, out, accumulators)),
      ];
    }
    const partials = new Partials(this.#sample.folds, this.#chunks);
    const first = this.#fold(1, (stage, _, accumulators, chunk, row) =>
      partials.store(stage, accumulators, chunk, row),
    );
    return [first, partials.fold(this.group, this.context)];
  }

  /** Grid loops over the results. */
  #overResults(stage: Stage, outer: readonly Axis[], body: (out: readonly Expr[], row: Expr) => void): void {
    const { k } = stage.draft;
    const { shape } = stage.folds;
    const axes = this.#outPartition.map((dims, n) =>
      k.axis(
        `i${n}`,
        dims.reduce((size, d) => size * shape[d], 1),
        "grid",
      ),
    );
    const at = axes.map((axis) => s.axis(axis));
    const row = axes.reduce<Expr>((sum, axis, n) => s.add(s.mul(sum, s.int(axis.extent)), at[n]), s.int(0));
    within(k, [...outer, ...axes], () => body(spread(shape, this.#outPartition, at), row));
  }

  /**
   * The kernel that folds the group's terms. `stageNumber` 0: all of them at once; 1: the chunk of an outer grid axis.
   * `done` is given what the accumulators hold, of which chunk and, by its row-major position, of which result.
   */
  #fold(
    stageNumber: 0 | 1,
    done: (
      stage: Stage,
      out: readonly Expr[],
      accumulators: ReadonlyMap<Equation, readonly Expr[]>,
      chunk: Expr,
      result: Expr,
    ) => void,
  ): LoweredKernel {
    const { software, invocations } = this.limits;
    const size = !this.#workgroup
      ? null
      : software
        ? SOFTWARE_WORKGROUP
        : powerOfTwo(this.#chunk / 4, 32, Math.min(invocations, 256));
    const stage = stageOf(this.group, this.context, size);
    const { k } = stage.draft;
    const chunkAxis = k.axis("chunk", this.#chunks, "grid");
    const chunk = stageNumber === 0 ? s.int(0) : s.axis(chunkAxis);
    const start = s.mul(chunk, s.int(this.#chunk));
    this.#overResults(stage, stageNumber === 0 ? [] : [chunkAxis], (out, row) => {
      if (size === null) {
        const accs = declareAccumulators(stage);
        this.#serial(stage, out, start, accs);
        done(stage, out, valuesOf(accs), chunk, row);
      } else {
        const totals = this.#parallel(stage, out, start);
        stage.draft.local((t) => k.if(s.eq(t, s.int(0)), () => done(stage, out, totals, chunk, row)));
      }
    });
    return stage.draft.finish(stageNumber === 0 ? "" : "_part");
  }

  #at(r: Expr, { folds }: Stage): Expr[] {
    const { domain } = folds;
    const extents = this.#redPartition.map((dims) => dims.reduce((n, d) => n * domain[d], 1));
    const position: Expr[] = [];
    let rest = r;
    for (let n = extents.length - 1; n >= 0; n--) {
      position[n] = n === 0 ? rest : s.rem(rest, s.int(extents[n]));
      if (n > 0) rest = s.div(rest, s.int(extents[n]));
    }
    return spread(domain, this.#redPartition, position);
  }

  /** One invocation folds the terms from `start` on, as many as a chunk has. */
  #serial(
    stage: Stage,
    out: readonly Expr[],
    start: Expr,
    accs: ReadonlyMap<Equation, readonly Local[]>,
  ): void {
    const { draft, folds } = stage;
    const { k } = draft;
    const into = (r: Expr, target: ReadonlyMap<Equation, readonly Local[]>): void =>
      whenBelow(k, r, this.#chunk * this.#chunks === this.#terms ? Infinity : this.#terms, () =>
        folds.accumulate(k, out, this.#at(r, stage), target),
      );
    this.#inBlocks(stage, this.#chunk, accs, (place, target) => into(s.add(start, place), target));
  }

  /** 0 … count on one invocation; sums in blocks that are added up, which rounds less. */
  #inBlocks(
    stage: Stage,
    count: number,
    accs: ReadonlyMap<Equation, readonly Local[]>,
    body: (place: Expr, target: ReadonlyMap<Equation, readonly Local[]>) => void,
  ): void {
    const { draft, folds } = stage;
    const { k } = draft;
    const blocks = folds.sumsFloats && count > 2 * SUM_BLOCK ? Math.ceil(count / SUM_BLOCK) : 1;
    if (blocks === 1) {
      this.#turns(k, count, (r) => body(r, accs));
      return;
    }
    k.loop(
      blocks,
      (block) => {
        const partial = declareAccumulators(stage);
        const within = s.mul(block, s.int(SUM_BLOCK));
        this.#turns(k, SUM_BLOCK, (r) => {
          const place = s.add(within, r);
          whenBelow(k, place, count % SUM_BLOCK === 0 ? Infinity : count, () => body(place, partial));
        });
        for (const fold of folds.folds) {
          const sums = partial.get(fold.equation) ?? [];
          folds.combine(
            k,
            fold,
            accs.get(fold.equation) ?? [],
            sums.map((local) => s.local(local)),
          );
        }
      },
      { name: "block" },
    );
  }

  /** A loop over terms in order, several of them in a turn where that pays. */
  #turns(k: KernelBuilder, count: number, body: (r: Expr) => void): void {
    const several = this.limits.software && count % SOFTWARE_UNROLL === 0 && count > SOFTWARE_UNROLL;
    const step = several ? SOFTWARE_UNROLL : 1;
    k.loop(
      count / step,
      (turn) => {
        for (let n = 0; n < step; n++) body(step === 1 ? turn : s.add(s.mul(turn, s.int(step)), s.int(n)));
      },
      { name: "r", kind: "reduce" },
    );
  }

  /** A workgroup folds a chunk; the accumulators' values are in its memory afterwards. */
  #parallel(stage: Stage, out: readonly Expr[], start: Expr): Map<Equation, readonly Expr[]> {
    const { draft, folds } = stage;
    const { k } = draft;
    const size = draft.size ?? 1;
    const memory = new Map(
      folds.folds.map(({ equation, specs }): [Equation, BufferParam[]] => [
        equation,
        specs.map((spec) => draft.shared("part", spec.dtype, size)),
      ]),
    );
    // Neighbours read neighbouring terms; a fold that heeds the order has a stretch of its own instead.
    const turns = Math.ceil(this.#chunk / size);
    draft.local((t) => {
      const accs = declareAccumulators(stage);
      this.#inBlocks(stage, turns, accs, (j, target) => {
        const place = folds.named ? s.add(s.mul(j, s.int(size)), t) : s.add(s.mul(t, s.int(turns)), j);
        const r = s.add(start, place);
        const inChunk = this.#chunk % size === 0 ? s.bool(true) : s.lt(place, s.int(this.#chunk));
        const below = this.#chunks === 1 ? inChunk : s.and(inChunk, s.lt(r, s.int(this.#terms)));
        when(k, below, () => folds.accumulate(k, out, this.#at(r, stage), target));
      });
      for (const { equation } of folds.folds) {
        for (const [n, acc] of (accs.get(equation) ?? []).entries()) {
          k.store(memory.get(equation)?.[n] as BufferParam, t, s.local(acc));
        }
      }
    });
    draft.fold((own, other) => {
      for (const fold of folds.folds) combineParts(stage, fold, memory.get(fold.equation) ?? [], own, other);
    });
    return new Map(
      [...memory].map(([equation, parts]) => [equation, parts.map((part) => s.load(part, s.int(0)))]),
    );
  }
}

/** Folds one part into another. */
function combineParts(
  { draft, folds }: Stage,
  fold: Fold,
  parts: readonly BufferParam[],
  own: Expr,
  other: Expr,
): void {
  const { k } = draft;
  const sums = parts.map((part) => k.let("own", s.load(part, own)));
  folds.combine(
    k,
    fold,
    sums,
    parts.map((part) => s.load(part, other)),
  );
  for (const [n, part] of parts.entries()) k.store(part, own, s.local(sums[n]));
}
