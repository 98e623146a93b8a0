/**
 * Rows in a pipeline: the first pass of a row runs together with a later pass of the row before it. What a kernel
 * reads from memory is then on its way while it computes; passes one by one would wait for memory, then compute.
 *
 *   chunk c { first pass of row 0;  row i { …  pass of row i with the first pass of row i + 1;  … } }
 *
 * The last row of a chunk reads itself once more as its next one, so that there is one copy of each pass.
 */
import type { FusionGroup, RowPlan } from "../fusion/plan.ts";
import type { RowPositions, RowRole } from "../fusion/row-domain.ts";
import type { Equation } from "../graph/graph.ts";
import type { Axis, Expr } from "../kernel/expr.ts";
import { Substitution } from "../kernel/substitute.ts";

/** Rows from which on there are enough chunks for threads to share. */
const LEAST_ROWS = 128;
const LEAST_CHUNK = 8;
const MOST_CHUNK = 32;
/** Elements of a row from which on it is worth it. */
const LEAST_LENGTH = 64;

export interface RowPipeline {
  /** The pass that the next row's first one runs with. */
  readonly pass: number;
  /** The reductions of the first pass. */
  readonly first: readonly Equation[];
  /** Rows of a chunk. */
  readonly chunk: number;
}

/** How the rows are walked in a pipeline, or null where they are better walked one by one. */
export function pipelineOf(
  group: FusionGroup,
  plan: RowPlan,
  rowLoops: readonly Axis[],
  lengthLoops: readonly Axis[],
): RowPipeline | null {
  const [rows] = rowLoops;
  const [length] = lengthLoops;
  if (rowLoops.length !== 1 || lengthLoops.length !== 1 || plan.passes < 2) return null;
  if (rows.extent < LEAST_ROWS || length.extent < LEAST_LENGTH || length.kind !== "vector") return null;
  const at = (level: number, roles: readonly RowRole[]): Equation[] =>
    group.roots.filter((e) => plan.level.get(e) === level && roles.includes(plan.roles.get(e) ?? "after"));
  // What the first pass leaves is a number per row and nothing else, and needs no number before it.
  const first = at(0, ["reduce"]);
  if (first.length === 0 || at(0, ["element", "total", "columns", "row", "totalOfRows"]).length > 0)
    return null;
  const pass = passToJoin(group, plan, (level) => at(level, ["element", "reduce", "total", "columns"]));
  return pass === null ? null : { pass, first, chunk: chunkOf(rows.extent) };
}

/** The first pass that writes no memory for the first time: its row is in the cache. Else the last one. */
function passToJoin(
  group: FusionGroup,
  plan: RowPlan,
  bodyOf: (level: number) => readonly Equation[],
): number | null {
  const written = new Set<unknown>();
  let last: number | null = null;
  for (let level = 1; level < plan.passes; level++) {
    const body = bodyOf(level);
    if (body.length === 0) continue;
    last = level;
    let fresh = false;
    for (const v of body.flatMap((e) => e.outputs)) {
      const kept = plan.kept.get(v);
      const place = kept?.where === "output" ? kept.home : group.outputs.includes(v) ? v : null;
      if (place === null || written.has(place)) continue;
      // A number per row is little.
      if (place.type.size < plan.domain.rows * plan.domain.length) continue;
      written.add(place);
      fresh = true;
    }
    if (!fresh) return level;
  }
  return last;
}

/** Rows of a chunk: a divisor of their number if there is one. */
function chunkOf(rows: number): number {
  const most = Math.max(LEAST_CHUNK, Math.min(MOST_CHUNK, Math.floor(rows / 16)));
  for (let chunk = most; chunk >= LEAST_CHUNK; chunk--) if (rows % chunk === 0) return chunk;
  return most;
}

/** The same positions in another row. */
export function inRow(at: RowPositions, rows: Axis, row: Expr): RowPositions {
  const moved = new Substitution(new Map([[rows, row]]));
  const all = (index: readonly Expr[]): Expr[] => index.map((e) => moved.expr(e));
  return {
    rowIndex: all(at.rowIndex),
    lengthIndex: all(at.lengthIndex),
    index: all(at.index),
    row: moved.expr(at.row),
    within: moved.expr(at.within),
    full: moved.expr(at.full),
  };
}
