/**
 * Register tiles cut for engines without fused multiply-add. There a multiply-add takes a register for the product,
 * and a tile of twelve accumulators is spilled within its innermost loop. Its rows have nothing to do with one another,
 * so the loop over its columns is done once for some rows and once for the others. Every element is summed as before.
 */
import type { Axis, BufferParam, Local } from "../../kernel/expr.ts";
import {
  type Access,
  type Block,
  forEachRoot,
  type LoopNode,
  type Node,
  type NodeStmt,
  summarise,
} from "./nodes.ts";
import { laneStride } from "./vectorize.ts";

/** More accumulators than this are cut, into groups of at most MOST. */
const LIMIT = 9;
const MOST = 8;

/** A loop whose body is one tile as several loops in its place, or the loop alone where it need not or cannot be cut. */
export function splitTile(loop: LoopNode): readonly LoopNode[] {
  const { axis, body } = loop;
  if (!body.hasLoop) return [loop];
  const accumulated = accumulatedInLoops(body);
  if (accumulated.size <= LIMIT) return [loop];
  const together = new Components(body);
  if (together.failed) return [loop];
  const rows = rowsOf(body, accumulated, together);
  if (rows === null) return [loop];
  const count = Math.min(rows.length, Math.ceil(accumulated.size / MOST));
  if (count < 2) return [loop];
  const groups = Array.from({ length: count }, (_, n) => {
    const from = Math.floor((n * rows.length) / count);
    return new Set(rows.slice(from, Math.floor(((n + 1) * rows.length) / count)).flat());
  });
  const bodies = groups.map((group) => only(body, (local) => group.has(together.of(local))));
  return areApart(bodies, axis) ? bodies.map((own) => ({ ...loop, body: own })) : [loop];
}

/** Locals of the block that its inner loops accumulate into, in order. */
function accumulatedInLoops(body: Block): Set<Local> {
  const found = new Set<Local>();
  const visit = (block: Block, inLoop: boolean): void => {
    for (const stmt of block.stmts) {
      if (stmt.kind === "loop") visit(stmt.body, true);
      else if (stmt.kind === "accumulate" && inLoop && body.declared.has(stmt.local)) found.add(stmt.local);
    }
  };
  visit(body, false);
  return found;
}

/** Which locals of a block have to do with one another: those that one statement names. */
class Components {
  failed = false;
  readonly #parent = new Map<Local, Local>();
  readonly #declared: ReadonlySet<Local>;

  constructor(body: Block) {
    this.#declared = body.declared;
    this.#block(body);
  }

  of(local: Local): Local {
    let at = local;
    for (let up = this.#parent.get(at); up !== undefined; up = this.#parent.get(at)) at = up;
    return at;
  }

  #join(locals: Iterable<Local>): void {
    let first: Local | null = null;
    for (const local of locals) {
      if (!this.#declared.has(local)) continue;
      const root = this.of(local);
      if (first === null) first = root;
      else if (root !== first) this.#parent.set(root, first);
    }
    // A statement of none of them would be done once per group.
    if (first === null) this.failed = true;
  }

  #block(block: Block): void {
    for (const stmt of block.stmts) {
      switch (stmt.kind) {
        case "loop":
          this.#block(stmt.body);
          break;
        case "if":
          if ([...stmt.cond.locals].some((local) => this.#declared.has(local))) this.failed = true;
          this.#block(stmt.then);
          this.#block(stmt.else);
          break;
        case "while":
          this.failed = true;
          break;
        default:
          this.#join(localsOf(stmt));
      }
    }
  }
}

function localsOf(stmt: Exclude<NodeStmt, { kind: "loop" | "while" | "if" }>): Local[] {
  return stmt.kind === "store"
    ? [...stmt.value.locals, ...stmt.access.index.locals]
    : [stmt.local, ...stmt.value.locals];
}

/** Components in order, those with the same splatted operand side by side: a row of the tile. */
function rowsOf(body: Block, accumulated: ReadonlySet<Local>, together: Components): Local[][] | null {
  const operands = new Map<Local, Node>();
  const visit = (block: Block): void => {
    for (const stmt of block.stmts) {
      if (stmt.kind === "loop") visit(stmt.body);
      else if (stmt.kind === "accumulate" && accumulated.has(stmt.local) && !operands.has(stmt.local)) {
        operands.set(stmt.local, stmt.value.operands[0] ?? stmt.value);
      }
    }
  };
  visit(body);
  const rows = new Map<Node, Set<Local>>();
  for (const local of accumulated) {
    const operand = operands.get(local);
    if (operand === undefined) return null;
    const row = rows.get(operand) ?? new Set();
    rows.set(operand, row.add(together.of(local)));
  }
  const found = [...rows.values()].map((row) => [...row]);
  // Every component once, and no local of the block in none.
  const all = new Set(found.flat());
  if (all.size !== found.flat().length) return null;
  return [...body.declared].every((local) => all.has(together.of(local))) ? found : null;
}

/** The statements of some locals. */
function only(block: Block, keeps: (local: Local) => boolean): Block {
  const stmts = block.stmts.flatMap((stmt): NodeStmt[] => {
    switch (stmt.kind) {
      case "loop":
      case "while": {
        const body = only(stmt.body, keeps);
        return body.stmts.length === 0 ? [] : [{ ...stmt, body }];
      }
      case "if": {
        const [then, other] = [only(stmt.then, keeps), only(stmt.else, keeps)];
        return then.stmts.length + other.stmts.length === 0 ? [] : [{ ...stmt, then, else: other }];
      }
      default:
        return localsOf(stmt).some(keeps) ? [stmt] : [];
    }
  });
  return summarise(stmts);
}

/** No group stores what another one loads or stores. */
function areApart(bodies: readonly Block[], axis: Axis): boolean {
  return bodies.every((body, n) =>
    storesOf(body).every((store) =>
      bodies.every(
        (other, m) =>
          n === m ||
          [...storesOf(other), ...loadsOf(other, store.buffer)].every((access) =>
            access.buffer !== store.buffer ? true : neverMeet(store, access, axis),
          ),
      ),
    ),
  );
}

/** Whether two accesses are apart whatever the axis: at a constant distance beyond all its iterations. */
function neverMeet(a: Access, b: Access, axis: Axis): boolean {
  const stride = laneStride(a, axis, NONE);
  if (stride === null || stride === 0) return false;
  const [ta, tb] = [a.address.terms, b.address.terms];
  if (ta.length !== tb.length || ta.some((t, i) => t.node !== tb[i].node || t.scale !== tb[i].scale)) {
    return false;
  }
  const distance = b.address.constant + b.offset - a.address.constant - a.offset;
  return distance % stride !== 0 || Math.abs(distance / stride) >= axis.extent;
}

function storesOf(block: Block): Access[] {
  return block.stmts.flatMap((stmt) => {
    if (stmt.kind === "loop" || stmt.kind === "while") return storesOf(stmt.body);
    if (stmt.kind === "if") return [...storesOf(stmt.then), ...storesOf(stmt.else)];
    return stmt.kind === "store" ? [stmt.access] : [];
  });
}

function loadsOf(block: Block, buffer: BufferParam): Access[] {
  const found: Access[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node) || !node.loads.has(buffer)) return;
    seen.add(node);
    if (node.access?.buffer === buffer) found.push(node.access);
    node.operands.forEach(visit);
  };
  forEachRoot(block, visit);
  return found;
}

const NONE: ReadonlySet<Local> = new Set();
