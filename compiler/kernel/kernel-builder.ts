/** Builds statements in order, with nested blocks, for lowerings and hand-written kernels. */
import type { DType } from "../types/dtype.ts";
import type { Axis, AxisKind, BufferParam, Expr, Local } from "./expr.ts";
import type { CombineFn, Stmt } from "./kernel.ts";
import { scalarOps } from "./scalar-ops.ts";

export class KernelBuilder {
  #blocks: Stmt[][] = [[]];
  #names = new Map<string, number>();

  /** A name not used before in this kernel: `i`, `i1`, `i2`, … */
  fresh(prefix: string): string {
    const n = this.#names.get(prefix) ?? 0;
    this.#names.set(prefix, n + 1);
    return n === 0 ? prefix : `${prefix}${n}`;
  }

  axis(prefix: string, extent: number, kind: AxisKind = "serial"): Axis {
    return { name: this.fresh(prefix), extent, kind };
  }

  #push(stmt: Stmt): void {
    this.#blocks[this.#blocks.length - 1].push(stmt);
  }

  #block(fill: () => void): Stmt[] {
    const block: Stmt[] = [];
    this.#blocks.push(block);
    fill();
    this.#blocks.pop();
    return block;
  }

  /** for (i = 0; i < extent; i++) body(i). An extent of 1 has no loop; of 0 no body. */
  loop(extent: number, body: (i: Expr) => void, options: { name?: string; kind?: AxisKind } = {}): void {
    const axis = this.axis(options.name ?? "i", extent, options.kind ?? "serial");
    this.loopOver(axis, () => body(scalarOps.axis(axis)));
  }

  loopOver(axis: Axis, body: () => void): void {
    if (axis.extent === 0) return;
    const block = this.#block(body);
    if (axis.extent === 1) for (const stmt of block) this.#push(stmt);
    else this.#push({ kind: "loop", axis, body: block });
  }

  /** A loop that stays one where the axis has a single turn. */
  loopAll(axis: Axis, body: () => void): void {
    this.#push({ kind: "loop", axis, body: this.#block(body) });
  }

  while(cond: Expr, body: () => void): void {
    this.#push({ kind: "while", cond, body: this.#block(body) });
  }

  if(cond: Expr, then: () => void, otherwise: () => void = () => {}): void {
    this.#push({ kind: "if", cond, then: this.#block(then), else: this.#block(otherwise) });
  }

  /** A mutable local with its first value. */
  let(prefix: string, value: Expr, dtype: DType = value.dtype): Local {
    const local: Local = { name: this.fresh(prefix), dtype };
    this.#push({ kind: "let", local, value });
    return local;
  }

  assign(local: Local, value: Expr): void {
    this.#push({ kind: "assign", local, value });
  }

  accumulate(local: Local, fn: CombineFn, value: Expr): void {
    this.#push({ kind: "accumulate", local, fn, value });
  }

  store(buffer: BufferParam, index: Expr, value: Expr): void {
    this.#push({ kind: "store", buffer, index, value });
  }

  finish(): Stmt[] {
    return this.#blocks[0];
  }
}
