/**
 * Kernels as code generation sees them: expressions interned by structure, so that equal ones are one node whose
 * uses are counted, and every access split into an address and a constant byte offset.
 */
import type { Axis, BufferParam, CallExpr, Expr, Local } from "../../kernel/expr.ts";
import { operandsOf } from "../../kernel/expr.ts";
import { linearForm, rangeOf } from "../../kernel/index-math.ts";
import type { CombineFn, Stmt } from "../../kernel/kernel.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";

/** What a value depends on, and so when it may change. */
export interface Dependencies {
  readonly axes: ReadonlySet<Axis>;
  readonly locals: ReadonlySet<Local>;
  /** Buffers it loads from. */
  readonly loads: ReadonlySet<BufferParam>;
}

export interface Node extends Dependencies {
  readonly id: number;
  readonly expr: Expr;
  readonly dtype: DType;
  readonly operands: readonly Node[];
  /** Of a load. */
  readonly access: Access | null;
  /** Number of operations, shared ones counted once per use: an estimate of its cost. */
  readonly weight: number;
  /** Distinct parents, plus the statements it is a root of. */
  uses: number;
  /** Of a call, the body of its function on these operands, where lanes evaluate that in its place. */
  inlined: Node | null;
}

/** A byte address: base of the buffer + Σ scale · term + constant. Interned. */
export interface Address extends Dependencies {
  readonly id: number;
  readonly buffer: BufferParam;
  readonly terms: readonly { readonly node: Node; readonly scale: number }[];
  readonly constant: number;
  /** Terms and constant are known not to be negative, so a constant offset may be added outside of 32 bits. */
  readonly nonNegative: boolean;
  uses: number;
}

export interface Access {
  readonly buffer: BufferParam;
  /** The index in elements. */
  readonly index: Node;
  readonly address: Address;
  /** Bytes to add to the address: the immediate of the instruction. */
  readonly offset: number;
}

export type NodeStmt =
  | { readonly kind: "loop"; readonly axis: Axis; readonly body: Block }
  | { readonly kind: "while"; readonly cond: Node; readonly body: Block }
  | { readonly kind: "if"; readonly cond: Node; readonly then: Block; readonly else: Block }
  | { readonly kind: "let" | "assign"; readonly local: Local; readonly value: Node }
  | { readonly kind: "accumulate"; readonly local: Local; readonly fn: CombineFn; readonly value: Node }
  | { readonly kind: "store"; readonly access: Access; readonly value: Node };

export type LoopNode = Extract<NodeStmt, { kind: "loop" }>;

/** Statements with what they change and use, nested ones included. */
export interface Block {
  readonly stmts: readonly NodeStmt[];
  /** Locals assigned, accumulated or declared. */
  readonly assigned: ReadonlySet<Local>;
  readonly declared: ReadonlySet<Local>;
  readonly stored: ReadonlySet<BufferParam>;
  /** Everything read by it, stored addresses included. */
  readonly axes: ReadonlySet<Axis>;
  readonly locals: ReadonlySet<Local>;
  readonly buffers: ReadonlySet<BufferParam>;
  readonly hasLoop: boolean;
  /** Estimated statement executions. */
  readonly work: number;
}

const NO_AXES: ReadonlySet<Axis> = new Set();
const NO_LOCALS: ReadonlySet<Local> = new Set();
const NO_BUFFERS: ReadonlySet<BufferParam> = new Set();

/** The union, which is one of the two where that has everything. */
function either<T>(x: ReadonlySet<T>, y: ReadonlySet<T>): ReadonlySet<T> {
  if (y.size === 0 || x === y) return x;
  if (x.size === 0) return y;
  let own: Set<T> | null = null;
  for (const item of y) {
    if (x.has(item)) continue;
    own ??= new Set(x);
    own.add(item);
  }
  return own ?? x;
}

const NOTHING: Dependencies = { axes: NO_AXES, locals: NO_LOCALS, loads: NO_BUFFERS };

/** What all of them depend on together: one of the parts itself where that has everything. */
function joined(parts: readonly Dependencies[]): Dependencies {
  if (parts.length === 0) return NOTHING;
  return parts.reduce((x, y) => {
    const axes = either(x.axes, y.axes);
    const locals = either(x.locals, y.locals);
    const loads = either(x.loads, y.loads);
    return axes === x.axes && locals === x.locals && loads === x.loads ? x : { axes, locals, loads };
  });
}

const MAX_WEIGHT = 1e6;

export class NodeTable {
  readonly #nodes = new Map<string, Node>();
  readonly #byExpr = new Map<Expr, Node>();
  readonly #addresses = new Map<string, Address>();
  readonly #identities = new Map<object, number>();
  readonly #inline: (e: CallExpr) => Expr | null;
  #nextId = 0;

  /** `inline` gives the expression that stands in place of a call, or null. */
  constructor(inline: (e: CallExpr) => Expr | null) {
    this.#inline = inline;
  }

  #identity(of: object): number {
    let id = this.#identities.get(of);
    if (id === undefined) {
      id = this.#identities.size;
      this.#identities.set(of, id);
    }
    return id;
  }

  intern(e: Expr): Node {
    const known = this.#byExpr.get(e);
    if (known) return known;
    const inlined = e.op === "call" ? this.#inline(e) : null;
    if (inlined !== null) {
      const node = this.intern(inlined);
      this.#byExpr.set(e, node);
      return node;
    }
    const operands = operandsOf(e).map((x) => this.intern(x));
    const key = this.#key(e, operands);
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = this.#make(e, operands);
      this.#nodes.set(key, node);
    }
    this.#byExpr.set(e, node);
    return node;
  }

  #key(e: Expr, operands: readonly Node[]): string {
    const ids = operands.map((x) => x.id).join();
    switch (e.op) {
      case "const":
        return `c${e.dtype}:${Object.is(e.value, -0) ? "-0" : e.value}`;
      case "axis":
        return `a${this.#identity(e.axis)}`;
      case "local":
        return `l${this.#identity(e.local)}`;
      case "load":
        return `m${this.#identity(e.buffer)}:${e.dtype}:${ids}`;
      case "unary":
      case "binary":
      case "call":
        return `${e.fn}:${e.dtype}:${ids}`;
      case "word":
        return `${e.half}:${ids}`;
      default:
        return `${e.op}:${e.dtype}:${ids}`;
    }
  }

  #make(e: Expr, operands: readonly Node[]): Node {
    const own = joined(operands);
    const access = e.op === "load" ? this.access(e.buffer, operands[0]) : null;
    let weight = e.op === "call" ? 20 : e.op === "const" || e.op === "axis" || e.op === "local" ? 0 : 1;
    for (const operand of operands) {
      // A load's index is counted through its address.
      if (access === null) operand.uses++;
      weight += operand.weight;
    }
    return {
      id: this.#nextId++,
      expr: e,
      dtype: e.dtype,
      operands,
      access,
      weight: Math.min(weight, MAX_WEIGHT),
      uses: 0,
      inlined: null,
      axes: e.op === "axis" ? new Set([e.axis]) : own.axes,
      locals: e.op === "local" ? new Set([e.local]) : own.locals,
      loads: e.op === "load" ? either(own.loads, new Set([e.buffer])) : own.loads,
    };
  }

  access(buffer: BufferParam, index: Node): Access {
    const { bytes } = DTYPE_INFO[buffer.dtype];
    const form = linearForm(index.expr);
    const terms = [...form.terms].map(([leaf, k]) => ({ node: this.intern(leaf), scale: k * bytes }));
    terms.sort((a, b) => a.node.id - b.node.id);
    let min = 0;
    for (const [leaf, k] of form.terms) {
      const range = rangeOf(leaf);
      min += Math.min(range.min * k, range.max * k);
    }
    // A constant is an immediate offset only if what it is added to cannot wrap below zero.
    const immediate = form.constant >= 0 && min >= 0;
    const constant = immediate ? 0 : form.constant * bytes;
    const offset = immediate ? form.constant * bytes : 0;
    const key = `${this.#identity(buffer)}:${constant}:${terms.map((t) => `${t.node.id}*${t.scale}`).join()}`;
    let address = this.#addresses.get(key);
    if (address === undefined) {
      const { axes, locals, loads } = joined(terms.map((t) => t.node));
      address = {
        id: this.#nextId++,
        buffer,
        terms,
        constant,
        nonNegative: immediate,
        uses: 0,
        axes,
        locals,
        loads,
      };
      for (const term of terms) term.node.uses++;
      this.#addresses.set(key, address);
    }
    address.uses++;
    return { buffer, index, address, offset };
  }

  block(stmts: readonly Stmt[]): Block {
    return summarise(stmts.filter((s) => s.kind !== "loop" || s.axis.extent > 0).map((s) => this.#stmt(s)));
  }

  #root(e: Expr): Node {
    const node = this.intern(e);
    node.uses++;
    return node;
  }

  #stmt(stmt: Stmt): NodeStmt {
    switch (stmt.kind) {
      case "loop":
        return { kind: "loop", axis: stmt.axis, body: this.block(stmt.body) };
      case "while":
        return { kind: "while", cond: this.#root(stmt.cond), body: this.block(stmt.body) };
      case "if":
        return {
          kind: "if",
          cond: this.#root(stmt.cond),
          then: this.block(stmt.then),
          else: this.block(stmt.else),
        };
      case "let":
      case "assign":
        return { kind: stmt.kind, local: stmt.local, value: this.#root(stmt.value) };
      case "accumulate":
        return { kind: "accumulate", local: stmt.local, fn: stmt.fn, value: this.#root(stmt.value) };
      case "store":
        return {
          kind: "store",
          access: this.access(stmt.buffer, this.intern(stmt.index)),
          value: this.#root(stmt.value),
        };
      default:
        return stmt satisfies never;
    }
  }
}

/** A block of statements, with what all of them use and change. */
export function summarise(stmts: readonly NodeStmt[]): Block {
  const assigned = new Set<Local>();
  const declared = new Set<Local>();
  const stored = new Set<BufferParam>();
  const axes = new Set<Axis>();
  const locals = new Set<Local>();
  const buffers = new Set<BufferParam>();
  let hasLoop = false;
  let work = 0;
  const addAll = <T>(target: Set<T>, items: ReadonlySet<T>): void => {
    for (const item of items) target.add(item);
  };
  const reads = (d: Dependencies): void => {
    addAll(axes, d.axes);
    addAll(locals, d.locals);
    addAll(buffers, d.loads);
  };
  const nested = (block: Block): void => {
    addAll(assigned, block.assigned);
    addAll(declared, block.declared);
    addAll(stored, block.stored);
    addAll(axes, block.axes);
    addAll(locals, block.locals);
    addAll(buffers, block.buffers);
    hasLoop ||= block.hasLoop;
  };
  for (const stmt of stmts) {
    switch (stmt.kind) {
      case "loop":
        nested(stmt.body);
        hasLoop = true;
        work += stmt.axis.extent * stmt.body.work;
        break;
      case "while":
        reads(stmt.cond);
        nested(stmt.body);
        hasLoop = true;
        work += stmt.body.work;
        break;
      case "if":
        reads(stmt.cond);
        nested(stmt.then);
        nested(stmt.else);
        work += stmt.then.work + stmt.else.work;
        break;
      case "store":
        reads(stmt.value);
        reads(stmt.access.index);
        stored.add(stmt.access.buffer);
        buffers.add(stmt.access.buffer);
        work += 1;
        break;
      default:
        reads(stmt.value);
        assigned.add(stmt.local);
        if (stmt.kind === "let") declared.add(stmt.local);
        work += 1;
    }
  }
  return { stmts, assigned, declared, stored, axes, locals, buffers, hasLoop, work: Math.max(work, 1) };
}

/** Calls `visit` with every node of the block that is evaluated as a value, roots and index nodes included. */
export function forEachRoot(block: Block, visit: (node: Node) => void): void {
  for (const stmt of block.stmts) {
    switch (stmt.kind) {
      case "loop":
        forEachRoot(stmt.body, visit);
        break;
      case "while":
        visit(stmt.cond);
        forEachRoot(stmt.body, visit);
        break;
      case "if":
        visit(stmt.cond);
        forEachRoot(stmt.then, visit);
        forEachRoot(stmt.else, visit);
        break;
      case "store":
        visit(stmt.access.index);
        visit(stmt.value);
        break;
      default:
        visit(stmt.value);
    }
  }
}
