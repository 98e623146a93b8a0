/**
 * When may a kernel write its result over an operand? Exactly when every element of the operand is read, for the
 * last time, no later than the element of the result at the same position is written.
 */
import type { BufferParam, Expr } from "../kernel/expr.ts";
import { operandsOf } from "../kernel/expr.ts";
import { sameIndex } from "../kernel/index-math.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";

interface Uses {
  readonly loads: Expr[];
  readonly stores: Expr[];
}

function collectLoads(root: Expr, buffer: BufferParam, loads: Expr[], seen: Set<Expr>): void {
  if (seen.has(root)) return;
  seen.add(root);
  if (root.op === "load" && root.buffer === buffer) loads.push(root.index);
  for (const x of operandsOf(root)) collectLoads(x, buffer, loads, seen);
}

function collect(stmts: readonly Stmt[], read: BufferParam, write: BufferParam, uses: Uses): void {
  const seen = new Set<Expr>();
  for (const stmt of stmts) {
    switch (stmt.kind) {
      case "loop":
        collect(stmt.body, read, write, uses);
        break;
      case "while":
        collectLoads(stmt.cond, read, uses.loads, seen);
        collect(stmt.body, read, write, uses);
        break;
      case "if":
        collectLoads(stmt.cond, read, uses.loads, seen);
        collect(stmt.then, read, write, uses);
        collect(stmt.else, read, write, uses);
        break;
      case "store":
        collectLoads(stmt.value, read, uses.loads, seen);
        collectLoads(stmt.index, read, uses.loads, seen);
        if (stmt.buffer === write) uses.stores.push(stmt.index);
        break;
      case "let":
      case "assign":
      case "accumulate":
        collectLoads(stmt.value, read, uses.loads, seen);
        break;
      default:
        stmt satisfies never;
    }
  }
}

/**
 * Whether a generated kernel reads `read` only at the positions it writes in the same iteration. Such kernels
 * compute all results of an iteration before they store any (see `lowering`), and each top-level nest covers
 * positions of its own, so it is enough that within a nest every load is at the store's index.
 */
export function writesOverSafely(kernel: Kernel, read: BufferParam, write: BufferParam): boolean {
  if (read.dtype !== write.dtype || read.size !== write.size) return false;
  // Tiles are several top-level loops, each over positions of its own; anything else is one nest.
  const tiles = kernel.body.length > 1 && kernel.body.every((stmt) => stmt.kind === "loop");
  const nests = tiles ? kernel.body.map((stmt) => [stmt]) : [kernel.body];
  return nests.every((nest) => {
    const uses: Uses = { loads: [], stores: [] };
    collect(nest, read, write, uses);
    const [at] = uses.stores;
    if (uses.loads.length === 0) return true;
    return (
      at !== undefined &&
      uses.stores.every((i) => sameIndex(i, at)) &&
      uses.loads.every((i) => sameIndex(i, at))
    );
  });
}
