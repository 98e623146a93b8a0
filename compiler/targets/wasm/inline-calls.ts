/**
 * Math functions inside of the hot loops that call them. A call clobbers every vector register, and V8 makes a
 * function's constants anew on each one; in a loop they are made once, before it. exp takes two thirds of the time.
 *
 * Only lanes run the body: a scalar calls the vector function, so that it has the bits a lane has.
 */
import type { CallExpr, Expr } from "../../kernel/expr.ts";
import { type Block, forEachRoot, type Node, type NodeTable } from "./nodes.ts";

/** Elements from which a loop is hot. Below, the size of the code counts. */
const HOT_ELEMENTS = 2048;
/** Operations that are inlined into one loop. */
const LOOP_BUDGET = 128;

type StraightMath = (e: CallExpr) => { readonly body: Expr; readonly operations: number } | null;

/** Gives calls in the innermost vector loops of `block` their bodies. `elements` is how often the block runs. */
export function inlineCalls(table: NodeTable, block: Block, straight: StraightMath, elements = 1): void {
  for (const stmt of block.stmts) {
    switch (stmt.kind) {
      case "loop": {
        const { axis, body } = stmt;
        const inner = elements * axis.extent;
        if (body.hasLoop) inlineCalls(table, body, straight, inner);
        else if (axis.kind === "vector" && inner >= HOT_ELEMENTS) inlineInLoop(table, body, straight);
        break;
      }
      case "while":
        inlineCalls(table, stmt.body, straight, elements);
        break;
      case "if":
        inlineCalls(table, stmt.then, straight, elements);
        inlineCalls(table, stmt.else, straight, elements);
        break;
      default:
    }
  }
}

function inlineInLoop(table: NodeTable, body: Block, straight: StraightMath): void {
  let left = LOOP_BUDGET;
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    node.operands.forEach(visit);
    if (node.expr.op !== "call" || node.inlined !== null) return;
    const found = straight(node.expr);
    if (found === null || found.operations > left) return;
    left -= found.operations;
    node.inlined = table.intern(found.body);
    node.inlined.uses++;
  };
  forEachRoot(body, visit);
}
