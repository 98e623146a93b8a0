/** Loop-invariant code motion: what a loop's body computes anew each time without need is computed before it. */
import type { Axis } from "../../kernel/expr.ts";
import type { Access, Address, Block, Dependencies, LoopNode, Node } from "./nodes.ts";
import { takesImmediate } from "./vector-code.ts";
import type { VectorValues } from "./vector-values.ts";
import { laneStride } from "./vectorize.ts";

/**
 * Vector constants made before an innermost loop; V8 makes each of the others anew at each use, in three instructions.
 * Those that find no register wait on the stack, which costs one load.
 */
const CONSTANT_BUDGET = 40;

export class Hoisting {
  readonly #values: VectorValues;
  readonly #axis: Axis | null;
  readonly #body: Block;
  readonly #seen = new Set<string>();
  #constants: number;

  /** `axis` is null for a while loop. */
  constructor(values: VectorValues, axis: Axis | null, body: Block) {
    this.#values = values;
    this.#axis = axis;
    this.#body = body;
    this.#constants = body.hasLoop ? 0 : CONSTANT_BUDGET;
  }

  /** Evaluates what is invariant before the loop. Conditional loads stay where they are. */
  run(conditional: boolean): void {
    this.#block(this.#body, conditional);
  }

  invariant(d: Dependencies): boolean {
    if (this.#axis !== null && d.axes.has(this.#axis)) return false;
    for (const axis of d.axes) if (!this.#values.axes.has(axis)) return false;
    for (const local of d.locals) if (this.#body.assigned.has(local)) return false;
    for (const buffer of d.loads) if (this.#body.stored.has(buffer)) return false;
    return true;
  }

  #block(block: Block, conditional: boolean): void {
    const { lanes } = this.#values;
    for (const stmt of block.stmts) {
      switch (stmt.kind) {
        case "loop":
          this.#block(stmt.body, conditional);
          break;
        case "while":
          this.#node(stmt.cond, false, conditional);
          this.#block(stmt.body, true);
          break;
        case "if":
          this.#node(stmt.cond, false, conditional);
          this.#block(stmt.then, true);
          this.#block(stmt.else, true);
          break;
        case "store": {
          const vector =
            lanes !== null && (this.#values.varying(stmt.value) || this.#values.varying(stmt.access.index));
          this.#node(stmt.value, vector, conditional);
          this.#access(stmt.access, vector, conditional);
          break;
        }
        default: {
          const bound = this.#values.locals.get(stmt.local);
          const vector = lanes !== null && (lanes.varying.has(stmt.local) || bound?.vector === true);
          this.#node(stmt.value, vector, conditional);
        }
      }
    }
  }

  #node(node: Node, vector: boolean, conditional: boolean): void {
    const key = `${node.id}${vector ? "v" : "s"}${conditional ? "c" : ""}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (this.invariant(node)) {
      if (conditional && node.loads.size > 0) return;
      if (node.expr.op === "const") {
        if (!vector || this.#constants === 0) return;
        this.#constants--;
      }
      if (vector) this.#values.materializeVector(node);
      else this.#values.materializeScalar(node);
      return;
    }
    const { expr, operands, access } = node;
    if (access !== null) return this.#access(access, vector, conditional);
    const own = vector && this.#values.varying(node);
    if (own && node.inlined !== null) return this.#node(node.inlined, own, conditional);
    if (expr.op === "guard" || expr.op === "select") {
      this.#node(operands[0], own && this.#values.varying(operands[0]), conditional);
      this.#node(operands[1], own, conditional || expr.op === "guard");
      this.#node(operands[2], own, conditional || expr.op === "guard");
      return;
    }
    const immediate = expr.op === "binary" && takesImmediate(expr.fn);
    operands.forEach((operand, i) => {
      if (immediate && i === 1 && operand.expr.op === "const") return;
      this.#node(operand, own, conditional);
    });
  }

  #access(access: Access, vector: boolean, conditional: boolean): void {
    const { lanes } = this.#values;
    if (vector && lanes !== null && laneStride(access, lanes.axis, lanes.varying) === null) {
      this.#node(access.index, true, conditional);
      return;
    }
    if (conditional && access.address.loads.size > 0) return;
    if (this.invariant(access.address)) {
      this.#values.materializePointer(access.address);
      return;
    }
    for (const { node } of access.address.terms) this.#node(node, false, conditional);
  }
}

/** Addresses of the body that move by a constant step with the loop's axis, with that step per iteration in bytes. */
export function streamsOf(values: VectorValues, loop: LoopNode, hoisting: Hoisting): Map<Address, number> {
  const streams = new Map<Address, number>();
  const seen = new Set<Node>();
  const access = (a: Access, vector: boolean): void => {
    const { lanes } = values;
    visit(a.index);
    if (streams.has(a.address) || !a.address.axes.has(loop.axis)) return;
    if (vector && lanes !== null && laneStride(a, lanes.axis, lanes.varying) === null) return;
    let step = 0;
    for (const { node, scale } of a.address.terms) {
      if (node.expr.op === "axis" && node.expr.axis === loop.axis) step += scale;
      else if (node.expr.op !== "axis" && !hoisting.invariant(node)) return;
    }
    if (step !== 0) streams.set(a.address, step);
  };
  const visit = (node: Node): void => {
    if (seen.has(node) || !node.axes.has(loop.axis)) return;
    seen.add(node);
    if (node.access !== null) access(node.access, values.varying(node));
    else node.operands.forEach(visit);
  };
  const block = (b: Block): void => {
    for (const stmt of b.stmts) {
      switch (stmt.kind) {
        case "loop":
          break;
        case "while":
          visit(stmt.cond);
          block(stmt.body);
          break;
        case "if":
          visit(stmt.cond);
          block(stmt.then);
          block(stmt.else);
          break;
        case "store":
          access(stmt.access, true);
          visit(stmt.value);
          break;
        default:
          visit(stmt.value);
      }
    }
  };
  block(loop.body);
  return streams;
}
