/**
 * Neighbouring elements that a register tile splats one after the other are loaded as one vector, and each splat is a
 * shuffle of it. On x64 a splatting load at an offset costs V8 two instructions (an address is computed first), and
 * a core that decodes four at a time then waits for instructions instead of multiply-adds.
 */
import { DTYPE_INFO } from "../../types/dtype.ts";
import type { Access, Block, Dependencies, Node } from "./nodes.ts";

/** A vector of neighbouring elements, the first of them at `access`. */
export interface SplatGroup {
  readonly access: Access;
}

export interface GroupedSplat {
  readonly group: SplatGroup;
  /** Element within the vector. */
  readonly element: number;
}

/**
 * The uniform loads of a block of accumulations that can be taken from shared vectors, by node. Only neighbours that
 * are used one right after the other: a vector that had to wait would take a register from an accumulator.
 * `varying` says what differs between lanes.
 */
export function groupSplats(
  block: Block,
  varying: (d: Dependencies) => boolean,
): ReadonlyMap<Node, GroupedSplat> {
  const found = new Map<Node, GroupedSplat>();
  if (!block.stmts.every((stmt) => stmt.kind === "accumulate")) return found;
  const order: Node[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.access !== null) {
      // A vector holds a few whole elements that need no widening.
      if (!varying(node) && DTYPE_INFO[node.access.buffer.dtype].bytes >= 4) order.push(node);
    } else if (node.expr.op === "binary" && varying(node)) node.operands.forEach(visit);
  };
  for (const stmt of block.stmts) if (stmt.kind === "accumulate") visit(stmt.value);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && areNeighbours(order[end - 1], order[end])) end++;
    cutRun(order.slice(start, end), found);
    start = end;
  }
  return found;
}

function areNeighbours(a: Node, b: Node): boolean {
  if (a.access === null || b.access === null || a.access.address !== b.access.address) return false;
  return b.access.offset - a.access.offset === DTYPE_INFO[a.access.buffer.dtype].bytes;
}

/** Cuts a run of neighbours into vectors; the last one reaches back into the one before it. */
function cutRun(run: readonly Node[], found: Map<Node, GroupedSplat>): void {
  const { access } = run[0];
  if (access === null) return;
  const perVector = 16 / DTYPE_INFO[access.buffer.dtype].bytes;
  if (run.length < perVector) return;
  for (let at = 0; at < run.length; at += perVector) {
    const first = Math.min(at, run.length - perVector);
    const from = run[first].access ?? access;
    const group: SplatGroup = { access: from };
    run.slice(at, at + perVector).forEach((node, i) => {
      found.set(node, { group, element: at + i - first });
    });
  }
}
