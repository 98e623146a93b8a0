/**
 * Cuts a kernel into grains that threads can share.
 *
 * Top-level loops whose iterations do not depend on each other become kernels of their own, each one `grid` loop: an
 * iteration of the grid is a grain. What stands between them stays a kernel that one thread runs. All threads meet
 * between two kernels. A loop that is a `grid` loop already comes from a hand-written kernel, which promises that its
 * iterations are independent once each has the temporary scratch for itself.
 *
 * The cut depends on shapes alone, never on the number of threads, and one thread runs the same grains: so results are
 * the same bits whatever the number.
 */
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import type { Kernel, LoopStmt, Stmt } from "../../kernel/kernel.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { type Moved, Substitution, withSerialLoops } from "../../kernel/substitute.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";
import { PART_LIMITS, type PartLimits } from "../parts.ts";
import { independent, type Uses, usesOf } from "./independence.ts";
import { workOf } from "./work.ts";

/** From how much work on (see work.ts) threads share. They need some microseconds to meet. */
export interface GrainLimits {
  /** Of a kernel. */
  readonly kernel: number;
  /** Of a loop in it: shorter ones are run by one thread. */
  readonly loop: number;
  /** Of a grain. */
  readonly grain: number;
  /** Iterations of a vector loop in a grain are a multiple of this, so that its vectors are those of the whole loop. */
  readonly vectorStep: number;
  /** Of parts of loops that carry something from turn to turn. */
  readonly parts: PartLimits;
}

/** A kernel of about 0.2 ms. */
export const GRAIN_LIMITS: GrainLimits = {
  kernel: 1 << 19,
  loop: 1 << 17,
  grain: 1 << 16,
  vectorStep: 64,
  parts: PART_LIMITS,
};

const MAX_GRAINS = 64;
/** Bytes that scratch of the grains' own may take in all. Two grains have theirs whatever it takes. */
const OWN_BYTES = 1 << 25;
/** From this much work on an iteration may be skipped by a condition at no cost. */
const HEAVY = 512;

export interface GrainedKernel {
  /** In the order in which they run. */
  readonly kernels: readonly Kernel[];
  /** Scratch buffers that grew, as each grain has one of its own. */
  readonly resized: ReadonlyMap<BufferParam, BufferParam>;
  /** What is read again where a number is computed again: it must stay until the last kernel has run. */
  readonly reread: ReadonlySet<BufferParam>;
}

export interface GrainOptions {
  /** Scratch buffers that hold nothing from one iteration of an outer loop to the next. */
  readonly temporary: ReadonlySet<BufferParam>;
  /** The buffer that stands for all that may lie in the same memory. */
  readonly memory: (buffer: BufferParam) => BufferParam;
  readonly limits: GrainLimits;
}

/** The kernels of a kernel's grains, or null where it is best run as it is. */
export function cutIntoGrains(kernel: Kernel, options: GrainOptions): GrainedKernel | null {
  if (workOf(kernel.body) < options.limits.kernel) return null;
  const cuts = kernel.body.map((stmt) => (stmt.kind === "loop" ? cutOf(stmt, options) : null));
  if (cuts.every((cut) => cut === null)) return null;
  const phases: Phase[] = [];
  kernel.body.forEach((stmt, n) => {
    const cut = cuts[n];
    const last = phases.at(-1);
    if (cut !== null) phases.push({ stmts: [stmt], cut });
    else if (last !== undefined && last.cut === null) last.stmts.push(stmt);
    else phases.push({ stmts: [stmt], cut: null });
  });
  const reread = new Set<BufferParam>();
  const bodies = withLocals(kernel.body, phases, options, reread);
  if (bodies === null) return null;
  const resized = new Map<BufferParam, BufferParam>();
  for (const { cut } of phases) {
    for (const buffer of cut?.own ?? []) {
      const size = buffer.size * grainsOf(cut);
      if (size > (resized.get(buffer)?.size ?? 0)) resized.set(buffer, { ...buffer, size });
    }
  }
  const named = bodies.filter(({ stmts }) => stmts.some((stmt) => stmt.kind !== "let"));
  const used = usesOf(kernel.body).indices;
  const kernels = named.map(({ stmts, cut }, n): Kernel => {
    const body = cut === null ? withSerialLoops(moved(stmts, resized)) : gridOf(stmts, cut, resized);
    const { indices } = usesOf(body);
    // A result that nothing is stored to still has to be made by somebody.
    const params = kernel.params
      .filter((p) => indices.has(resized.get(p) ?? p) || (n === 0 && !used.has(p)))
      .map((p) => resized.get(p) ?? p);
    return { ...kernel, name: named.length === 1 ? kernel.name : `${kernel.name}_${n}`, params, body };
  });
  return { kernels, resized, reread };
}

interface Phase {
  readonly stmts: Stmt[];
  readonly cut: Cut | null;
}

/** How a loop is cut: `outer` grains for each iteration of the outer loops, if any, times chunks of the last. */
interface Cut {
  /** Perfectly nested loops, outermost first; the last one is cut into chunks. */
  readonly loops: readonly LoopStmt[];
  readonly chunk: number;
  readonly chunks: number;
  /** Iterations after the whole chunks: a grain of its own. */
  readonly rest: number;
  readonly own: ReadonlySet<BufferParam>;
}

function grainsOf(cut: Cut | null): number {
  if (cut === null) return 1;
  const outer = cut.loops.slice(0, -1).reduce((n, loop) => n * loop.axis.extent, 1);
  return outer * (cut.chunks + (cut.rest > 0 ? 1 : 0));
}

function cutOf(loop: LoopStmt, { temporary, memory, limits }: GrainOptions): Cut | null {
  const work = workOf([loop]);
  if (work < limits.loop) return null;
  const ownOf = (l: LoopStmt): ReadonlySet<BufferParam> | null =>
    l.axis.kind === "unroll"
      ? null
      : l.axis.kind === "grid"
        ? new Set([...usesOf(l.body).indices.keys()].filter((buffer) => temporary.has(buffer)))
        : independent(l.axis, l.body, temporary, memory);
  let own = ownOf(loop);
  if (own === null) return null;
  const ownBytes = [...own].reduce((sum, b) => sum + b.size * DTYPE_INFO[b.dtype].bytes, 0);
  const room = ownBytes === 0 ? MAX_GRAINS : Math.floor(OWN_BYTES / ownBytes);
  const wanted = Math.max(2, Math.min(MAX_GRAINS, room, Math.floor(work / limits.grain)));
  const loops = [loop];
  let outer = 1;
  for (;;) {
    const last = loops[loops.length - 1];
    const { extent } = last.axis;
    const [inner] = last.body;
    if (outer * extent >= wanted / 2 || last.body.length > 1 || inner?.kind !== "loop") break;
    const ownInside = ownOf(inner);
    // A buffer of its own for each grain must do for both loops.
    if (ownInside === null || ![...own].every((b) => ownInside.has(b)) || outer * extent > MAX_GRAINS) break;
    own = new Set([...own, ...ownInside]);
    outer *= extent;
    loops.push(inner);
  }
  const { axis, body } = loops[loops.length - 1];
  const chunk = chunkOf(axis, Math.max(1, Math.floor(wanted / outer)), limits.vectorStep);
  const chunks = Math.floor(axis.extent / chunk);
  const left = axis.extent - chunks * chunk;
  const skipped = left > 0 && axis.kind !== "vector" && workOf(body) >= HEAVY;
  const cut = { loops, chunk, chunks: skipped ? chunks + 1 : chunks, rest: skipped ? 0 : left, own };
  return grainsOf(cut) < 2 ? null : cut;
}

/** Iterations of a grain: about a share of the whole, without a rest if that is to be had. */
function chunkOf({ extent, kind }: Axis, grains: number, vectorStep: number): number {
  const least = Math.ceil(extent / grains);
  if (kind === "vector") return Math.min(extent, Math.ceil(least / vectorStep) * vectorStep);
  for (let chunk = least; chunk <= least * 1.25; chunk++) if (extent % chunk === 0) return chunk;
  return least;
}

function moved(stmts: readonly Stmt[], resized: ReadonlyMap<BufferParam, BufferParam>): Stmt[] {
  if (resized.size === 0) return [...stmts];
  const buffers = new Map<BufferParam, Moved>();
  for (const [from, buffer] of resized) buffers.set(from, { buffer, offset: s.int(0) });
  return new Substitution(new Map(), buffers).block(stmts);
}

/** The phase as one loop over its grains. `stmts` are copies of what was computed before, then the loop. */
function gridOf(
  stmts: readonly Stmt[],
  cut: Cut,
  resized: ReadonlyMap<BufferParam, BufferParam>,
): readonly Stmt[] {
  const { loops, chunk, chunks, rest } = cut;
  const grid: Axis = { name: "g", extent: grainsOf(cut), kind: "grid" };
  const g = s.axis(grid);
  const perOuter = chunks + (rest > 0 ? 1 : 0);
  const axes = new Map<Axis, Expr>();
  let outer = s.div(g, s.int(perOuter));
  for (const { axis } of loops.slice(0, -1).toReversed()) {
    axes.set(axis, s.rem(outer, s.int(axis.extent)));
    outer = s.div(outer, s.int(axis.extent));
  }
  const buffers = new Map<BufferParam, Moved>();
  for (const [from, buffer] of resized) {
    buffers.set(from, { buffer, offset: cut.own.has(from) ? s.mul(g, s.int(from.size)) : s.int(0) });
  }
  const { axis, body } = loops[loops.length - 1];
  const number = s.rem(g, s.int(perOuter));
  // With a rest of its own no chunk goes beyond the end; a condition on a lane would make a vector loop scalar.
  const mayPass = rest === 0 && chunks * chunk > axis.extent;
  const piece = (extent: number, start: Expr): Stmt[] => {
    const inner: Axis = { ...axis, extent, kind: axis.kind === "grid" ? "serial" : axis.kind };
    const at = s.add(start, s.axis(inner));
    const inside = new Substitution(new Map(axes).set(axis, at), buffers).block(body);
    const guarded: Stmt[] = mayPass
      ? [{ kind: "if", cond: s.lt(at, s.int(axis.extent)), then: inside, else: [] }]
      : inside;
    return [{ kind: "loop", axis: inner, body: guarded }];
  };
  const whole = piece(chunk, s.mul(number, s.int(chunk)));
  const grain: Stmt[] =
    rest === 0
      ? whole
      : [
          {
            kind: "if",
            cond: s.lt(number, s.int(chunks)),
            then: whole,
            else: piece(rest, s.int(chunks * chunk)),
          },
        ];
  const before = new Substitution(axes, buffers).block(stmts.slice(0, -1));
  return [{ kind: "loop", axis: grid, body: withSerialLoops([...before, ...grain]) }];
}

/**
 * The phases with the locals that they use from phases before them: those are computed again, which is possible if
 * they are constants made of what the kernel does not change. Null if they are not. Adds to `reread` what they read.
 */
function withLocals(
  body: readonly Stmt[],
  phases: readonly Phase[],
  options: GrainOptions,
  reread: Set<BufferParam>,
): Phase[] | null {
  const whole = usesOf(body);
  const stored = new Set([...whole.stored].map(options.memory));
  const lets = new Map<Local, { readonly stmt: Stmt & { kind: "let" }; readonly uses: Uses }>();
  for (const stmt of body) {
    if (stmt.kind === "let") lets.set(stmt.local, { stmt, uses: usesOf([stmt]) });
  }
  const result: Phase[] = [];
  for (const { stmts, cut } of phases) {
    const own = usesOf(stmts);
    const needed = new Set<Stmt>();
    const need = (local: Local): boolean => {
      const found = lets.get(local);
      // Declared within the phase, in a nested block.
      if (found === undefined) return true;
      if (needed.has(found.stmt)) return true;
      const constant =
        !whole.changed.has(local) &&
        [...found.uses.indices.keys()].every((buffer) => !stored.has(options.memory(buffer)));
      if (!constant || ![...found.uses.read].every(need)) return false;
      needed.add(found.stmt);
      for (const buffer of found.uses.indices.keys()) reread.add(buffer);
      return true;
    };
    const outside = [...own.read, ...own.changed].filter((local) => !own.declared.has(local));
    if (!outside.every(need)) return null;
    result.push({ stmts: [...needed, ...stmts], cut });
  }
  return result;
}
