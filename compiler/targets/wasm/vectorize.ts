/** Whether and how a `vector` loop runs in lanes. */
import type { Axis, BufferParam, Local } from "../../kernel/expr.ts";
import type { CombineFn } from "../../kernel/kernel.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";
import { EXTREMUM_VECTORS, isExtremum } from "./extremum.ts";
import {
  type Access,
  type Block,
  type Dependencies,
  forEachRoot,
  type LoopNode,
  type Node,
} from "./nodes.ts";

/** Lanes of one vector: four of 32 bits, or two halves of two of 64. */
export const LANES = 4;

/** x64 has 16 vector registers; V8 keeps one for itself. */
const VECTOR_REGISTERS = 15;
const MAX_PARTS = 4;
/** Vectors that the operators of one statement need at a time. */
const TEMPORARIES = 1;
/** Chains of dependent additions that keep the adders busy: as many as an addition takes cycles. */
const LATENCY = 4;
/** Vectors of accumulators that a loop without inner loops keeps in registers, beside what it computes. */
const ACCUMULATOR_REGISTERS = 12;

export interface VectorPlan {
  /** Vectors per step: the loop advances by 4 · parts, and each statement is done for all parts in turn. */
  readonly parts: number;
  /** Locals declared in the loop that differ between lanes. */
  readonly varying: ReadonlySet<Local>;
  /** Locals of outside that accumulate in lanes and are combined after the loop. */
  readonly accumulators: ReadonlyMap<Local, CombineFn>;
}

export function isVarying(d: Dependencies, axis: Axis, varying: ReadonlySet<Local>): boolean {
  if (d.axes.has(axis)) return true;
  if (varying.size > 0) for (const local of d.locals) if (varying.has(local)) return true;
  return false;
}

/** How the loop is run in lanes, or null where a statement in it has no vector meaning. */
export function planVector(loop: LoopNode, relaxed: boolean): VectorPlan | null {
  const { axis, body } = loop;
  const accumulators = new Map<Local, CombineFn>();
  if (!collectAccumulators(body, body, accumulators)) return null;
  const varying = varyingLocals(body, axis);
  if (!uniformControl(body, axis, varying)) return null;
  if (!independentIterations(body, axis, varying)) return null;
  return { parts: chooseParts(loop, varying, accumulators, relaxed), varying, accumulators };
}

/** False where a local of outside the loop is read or assigned in it, which makes an iteration depend on the one before. */
function collectAccumulators(block: Block, body: Block, out: Map<Local, CombineFn>): boolean {
  for (const stmt of block.stmts) {
    switch (stmt.kind) {
      case "loop":
      case "while":
        if (!collectAccumulators(stmt.body, body, out)) return false;
        break;
      case "if":
        if (!collectAccumulators(stmt.then, body, out) || !collectAccumulators(stmt.else, body, out))
          return false;
        break;
      case "assign":
        if (!body.declared.has(stmt.local)) return false;
        break;
      case "accumulate": {
        if (body.declared.has(stmt.local)) break;
        const known = out.get(stmt.local);
        if (body.locals.has(stmt.local) || (known !== undefined && known !== stmt.fn)) return false;
        out.set(stmt.local, stmt.fn);
        break;
      }
      default:
    }
  }
  return true;
}

function varyingLocals(body: Block, axis: Axis): Set<Local> {
  const varying = new Set<Local>();
  const visit = (block: Block): boolean => {
    let changed = false;
    for (const stmt of block.stmts) {
      switch (stmt.kind) {
        case "loop":
        case "while":
          changed = visit(stmt.body) || changed;
          break;
        case "if":
          changed = visit(stmt.then) || changed;
          changed = visit(stmt.else) || changed;
          break;
        case "store":
          break;
        default:
          if (!body.declared.has(stmt.local) || varying.has(stmt.local)) break;
          if (isVarying(stmt.value, axis, varying)) {
            varying.add(stmt.local);
            changed = true;
          }
      }
    }
    return changed;
  };
  while (visit(body));
  return varying;
}

function uniformControl(block: Block, axis: Axis, varying: ReadonlySet<Local>): boolean {
  return block.stmts.every((stmt) => {
    switch (stmt.kind) {
      case "loop":
        return uniformControl(stmt.body, axis, varying);
      case "while":
        return !isVarying(stmt.cond, axis, varying) && uniformControl(stmt.body, axis, varying);
      case "if":
        return (
          !isVarying(stmt.cond, axis, varying) &&
          uniformControl(stmt.then, axis, varying) &&
          uniformControl(stmt.else, axis, varying)
        );
      default:
        return true;
    }
  });
}

/** The byte step of an address per lane, or null where its terms vary in another way. */
export function laneStride(access: Access, axis: Axis, varying: ReadonlySet<Local>): number | null {
  let stride = 0;
  for (const { node, scale } of access.address.terms) {
    if (node.expr.op === "axis" && node.expr.axis === axis) stride += scale;
    else if (isVarying(node, axis, varying)) return null;
  }
  return stride;
}

/**
 * No iteration stores what another one loads or stores. Statements of several iterations are done together, so where
 * this is not plain from the indices the loop stays scalar.
 */
function independentIterations(body: Block, axis: Axis, varying: ReadonlySet<Local>): boolean {
  if (body.stored.size === 0) return true;
  const loads = new Map<BufferParam, Set<Access>>();
  const stores = new Map<BufferParam, Access[]>();
  collectStores(body, stores);
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node) || node.loads.size === 0) return;
    seen.add(node);
    if (node.access && body.stored.has(node.access.buffer)) {
      const set = loads.get(node.access.buffer) ?? new Set();
      set.add(node.access);
      loads.set(node.access.buffer, set);
    }
    node.operands.forEach(visit);
  };
  forEachRoot(body, visit);
  for (const [buffer, own] of stores) {
    const loaded = [...(loads.get(buffer) ?? [])];
    for (const store of own) {
      const stride = laneStride(store, axis, varying);
      const others = [...own.filter((s) => s !== store), ...loaded];
      if (others.length === 0) continue;
      if (stride === null || stride === 0) return false;
      if (!others.every((other) => disjoint(store, other, stride, axis.extent))) return false;
    }
  }
  return true;
}

function collectStores(block: Block, out: Map<BufferParam, Access[]>): void {
  for (const stmt of block.stmts) {
    if (stmt.kind === "loop" || stmt.kind === "while") collectStores(stmt.body, out);
    else if (stmt.kind === "if") {
      collectStores(stmt.then, out);
      collectStores(stmt.else, out);
    } else if (stmt.kind === "store") {
      const list = out.get(stmt.access.buffer) ?? [];
      if (!list.some((a) => a.address === stmt.access.address && a.offset === stmt.access.offset)) {
        list.push(stmt.access);
      }
      out.set(stmt.access.buffer, list);
    }
  }
}

/** Two accesses with the same terms never meet in different iterations. */
function disjoint(a: Access, b: Access, stride: number, extent: number): boolean {
  const ta = a.address.terms;
  const tb = b.address.terms;
  if (ta.length !== tb.length || ta.some((t, i) => t.node !== tb[i].node || t.scale !== tb[i].scale))
    return false;
  const distance = b.address.constant + b.offset - a.address.constant - a.offset;
  return distance === 0 || distance % stride !== 0 || Math.abs(distance / stride) >= extent;
}

function chooseParts(
  loop: LoopNode,
  varying: ReadonlySet<Local>,
  accumulators: ReadonlyMap<Local, CombineFn>,
  relaxed: boolean,
): number {
  const { axis, body } = loop;
  const most = Math.max(1, Math.min(MAX_PARTS, Math.ceil(axis.extent / LANES)));
  if (most === 1) return 1;
  let weight = 0;
  let blocking = false;
  let calls = false;
  const seen = new Set<Node>();
  /** Values that are the same in all lanes and all turns, each a splat before the loop. */
  const splats = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (!isVarying(node, axis, varying)) return;
    if (node.inlined !== null) return visit(node.inlined);
    const { op } = node.expr;
    // A guarded load is long code.
    if (op === "guard" && node.operands[1].loads.size > 0) blocking = true;
    if (op === "call") calls = true;
    weight += node.dtype === "float64" ? 2 : 1;
    if (op !== "load") {
      for (const operand of node.operands) if (!isVarying(operand, axis, varying)) splats.add(operand);
    }
    node.operands.forEach(visit);
  };
  forEachRoot(body, visit);
  if (blocking) return 1;
  if (body.hasLoop) {
    const inner = usedInLoops(body);
    let registers = 0;
    for (const local of [...varying, ...accumulators.keys()]) {
      if (!inner.has(local)) continue;
      const fn = accumulators.get(local);
      const vectors = fn !== undefined && isExtremum(fn, local.dtype) ? EXTREMUM_VECTORS : 1;
      registers += DTYPE_INFO[local.dtype].bytes === 8 ? 2 * vectors : vectors;
    }
    // A tile holds its accumulators, a vector of one operand per part, a splat of the other, and, where there is
    // no fused multiply-add, a product. More would be spilled within the innermost loop.
    const fixed = relaxed ? 1 : 2;
    const fitting = Math.floor((VECTOR_REGISTERS - fixed) / (registers + 1));
    // Two loops over 8 columns and not one over 12 and one over 4.
    const vectors = Math.ceil(axis.extent / LANES);
    const passes = Math.ceil(vectors / Math.max(1, Math.min(most, fitting)));
    return passes <= 2 ? Math.ceil(vectors / passes) : Math.max(1, Math.min(most, fitting));
  }
  // A function takes two vectors at once, and clobbers every vector register.
  if (calls) return Math.min(most, 2);
  const parts = weight <= 16 ? 4 : weight <= 40 ? 2 : 1;
  const own = registersOf(accumulators);
  const fitting = Math.min(most, parts, Math.floor(ACCUMULATOR_REGISTERS / own));
  // Chains of additions enough to hide each other's latency: then more parts are worth only registers that are free.
  const free = VECTOR_REGISTERS - TEMPORARIES - splats.size;
  const unspilled = own < LATENCY ? fitting : Math.floor(free / (own + varying.size));
  return Math.max(1, Math.min(fitting, unspilled));
}

/** Vectors that accumulators of one part take. */
function registersOf(accumulators: ReadonlyMap<Local, CombineFn>): number {
  let registers = 0;
  for (const [{ dtype }, fn] of accumulators) {
    const vectors = isExtremum(fn, dtype) ? EXTREMUM_VECTORS : 1;
    registers += DTYPE_INFO[dtype].bytes === 8 ? 2 * vectors : vectors;
  }
  return registers;
}

/** Locals that are read or written in a loop of the block, and so live throughout it. */
function usedInLoops(block: Block): ReadonlySet<Local> {
  const used = new Set<Local>();
  const visit = (b: Block): void => {
    for (const stmt of b.stmts) {
      if (stmt.kind === "loop" || stmt.kind === "while") {
        for (const local of stmt.body.locals) used.add(local);
        for (const local of stmt.body.assigned) used.add(local);
      } else if (stmt.kind === "if") {
        visit(stmt.then);
        visit(stmt.else);
      }
    }
  };
  visit(block);
  return used;
}
