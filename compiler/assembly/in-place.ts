/**
 * When may a kernel write its result over an operand? Exactly when every element of the operand is read, for the
 * last time, no later than the element of the result at the same position is written.
 */
import type { Axis, BufferParam, Expr, LoadExpr } from "../kernel/expr.ts";
import { sameIndex } from "../kernel/index-math.ts";
import type { Stmt } from "../kernel/kernel.ts";
import type { Segment } from "../lowering/lower-group.ts";
import { dependsOn, loadsOf } from "../lowering/strides.ts";

interface Uses {
  readonly loads: Expr[];
  readonly stores: Expr[];
  /** An element is stored more than once: what a later iteration reads there is no longer the operand's. */
  repeated: boolean;
}

/** Declared cache: the loads in an expression, which is asked for every pair of buffers of a kernel. */
const loads = new WeakMap<Expr, readonly LoadExpr[]>();

function collectLoads(root: Expr, buffer: BufferParam, into: Expr[]): void {
  let all = loads.get(root);
  if (all === undefined) {
    all = loadsOf([root]);
    loads.set(root, all);
  }
  for (const load of all) if (load.buffer === buffer) into.push(load.index);
}

/** `axes`: those of the loops around; null within a `while`, whose turns nothing tells apart. */
function collect(
  stmts: readonly Stmt[],
  read: BufferParam,
  write: BufferParam,
  uses: Uses,
  axes: readonly Axis[] | null = [],
): void {
  for (const stmt of stmts) {
    switch (stmt.kind) {
      case "loop":
        collect(stmt.body, read, write, uses, axes === null ? null : [...axes, stmt.axis]);
        break;
      case "while":
        collectLoads(stmt.cond, read, uses.loads);
        collect(stmt.body, read, write, uses, null);
        break;
      case "if":
        collectLoads(stmt.cond, read, uses.loads);
        collect(stmt.then, read, write, uses, axes);
        collect(stmt.else, read, write, uses, axes);
        break;
      case "store":
        collectLoads(stmt.value, read, uses.loads);
        collectLoads(stmt.index, read, uses.loads);
        if (stmt.buffer === write) {
          uses.stores.push(stmt.index);
          const once = axes?.every((axis) => axis.extent === 1 || dependsOn(stmt.index, axis)) ?? false;
          if (!once) uses.repeated = true;
        }
        break;
      case "let":
      case "assign":
      case "accumulate":
        collectLoads(stmt.value, read, uses.loads);
        break;
      default:
        stmt satisfies never;
    }
  }
}

/**
 * Whether a generated kernel may write `write` into the memory of `read`. Segments run one after the other: none may
 * read what an earlier one has overwritten. Within a segment everything must be at the same element, which is what
 * one iteration computes and no other, and be read before it is stored.
 */
export function writesOverSafely(
  segments: readonly Segment[],
  read: BufferParam,
  write: BufferParam,
): boolean {
  if (read.dtype !== write.dtype || read.size !== write.size) return false;
  let stored = false;
  for (const { body, tiled } of segments) {
    const nests = tiled ? body.map((stmt) => [stmt]) : [body];
    const uses = nests.map((nest) => {
      const found: Uses = { loads: [], stores: [], repeated: false };
      collect(nest, read, write, found);
      return { nest, ...found };
    });
    if (stored && uses.some(({ loads }) => loads.length > 0)) return false;
    if (uses.some(({ stores }) => stores.length > 0)) {
      stored = true;
      if (!uses.every((u) => sameElement(u) && inOrder(u.nest, read, write))) {
        return false;
      }
    }
  }
  return true;
}

function sameElement({ loads, stores, repeated }: Uses): boolean {
  if (loads.length === 0) return true;
  if (repeated) return false;
  const [at] = stores;
  return at !== undefined && stores.every((i) => sameIndex(i, at)) && loads.every((i) => sameIndex(i, at));
}

/** No statement loads what one before it in the same iteration has stored. */
function inOrder(body: readonly Stmt[], read: BufferParam, write: BufferParam): boolean {
  let stored = false;
  for (const stmt of body) {
    const uses: Uses = { loads: [], stores: [], repeated: false };
    collect([stmt], read, write, uses);
    if (stored && uses.loads.length > 0) return false;
    if (uses.stores.length > 0) stored = true;
    if (uses.loads.length === 0 || uses.stores.length === 0) continue;
    if ((stmt.kind === "loop" || stmt.kind === "while") && !inOrder(stmt.body, read, write)) return false;
    if (stmt.kind === "if" && !(inOrder(stmt.then, read, write) && inOrder(stmt.else, read, write))) {
      return false;
    }
  }
  return true;
}
