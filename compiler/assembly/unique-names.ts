/**
 * Kernels with the names that their text gives them: then what is compiled from the text is the same to the last byte,
 * the debugging names in it included.
 */
import {
  type Axis,
  type BufferParam,
  type Expr,
  type Local,
  operandsOf,
  withOperands,
} from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { kernelNames } from "../text/kernel-names.ts";

/** The kernel, its axes, locals and buffers called as it is printed; itself, where they are called so already. */
export function uniquelyNamed(kernel: Kernel): Kernel {
  const { axes, values } = kernelNames(kernel);
  const same = [...axes, ...values].every(([x, name]) => x.name === name);
  return same ? kernel : new Renaming(axes, values).kernel(kernel);
}

class Renaming {
  readonly #axes: ReadonlyMap<Axis, Axis>;
  readonly #values: ReadonlyMap<Local | BufferParam, Local | BufferParam>;
  readonly #known = new Map<Expr, Expr>();

  constructor(axes: ReadonlyMap<Axis, string>, values: ReadonlyMap<Local | BufferParam, string>) {
    this.#axes = new Map([...axes].map(([axis, name]) => [axis, { ...axis, name }]));
    this.#values = new Map([...values].map(([value, name]) => [value, { ...value, name }]));
  }

  kernel(kernel: Kernel): Kernel {
    const { params, body, workgroup } = kernel;
    const buffers = (list: readonly BufferParam[]): BufferParam[] => list.map((x) => this.#value(x));
    return {
      ...kernel,
      params: buffers(params),
      body: this.#block(body),
      ...(workgroup === undefined
        ? {}
        : {
            workgroup: {
              ...workgroup,
              shared: buffers(workgroup.shared),
              registers: buffers(workgroup.registers),
            },
          }),
    };
  }

  #value<T extends Local | BufferParam>(x: T): T {
    // Renamed as it is: only the name is another.
    return (this.#values.get(x) as T | undefined) ?? x;
  }

  #axis(axis: Axis): Axis {
    return this.#axes.get(axis) ?? axis;
  }

  #block(stmts: readonly Stmt[]): Stmt[] {
    return stmts.map((stmt) => this.#stmt(stmt));
  }

  #stmt(stmt: Stmt): Stmt {
    switch (stmt.kind) {
      case "loop":
        return { ...stmt, axis: this.#axis(stmt.axis), body: this.#block(stmt.body) };
      case "while":
        return { ...stmt, cond: this.#expr(stmt.cond), body: this.#block(stmt.body) };
      case "if":
        return {
          ...stmt,
          cond: this.#expr(stmt.cond),
          then: this.#block(stmt.then),
          else: this.#block(stmt.else),
        };
      case "store": {
        const { buffer, index, value } = stmt;
        return { ...stmt, buffer: this.#value(buffer), index: this.#expr(index), value: this.#expr(value) };
      }
      case "let":
      case "assign":
      case "accumulate":
        return { ...stmt, local: this.#value(stmt.local), value: this.#expr(stmt.value) };
      default:
        return stmt satisfies never;
    }
  }

  /** Shared nodes stay shared. Iterative: sums are thousands deep. */
  #expr(root: Expr): Expr {
    const known = this.#known;
    const stack = [root];
    for (let e = stack.at(-1); e !== undefined; e = stack.at(-1)) {
      const missing = known.has(e) ? undefined : operandsOf(e).find((x) => !known.has(x));
      if (missing !== undefined) stack.push(missing);
      else {
        stack.pop();
        if (!known.has(e)) known.set(e, this.#rewrite(e));
      }
    }
    return known.get(root) ?? root;
  }

  #rewrite(e: Expr): Expr {
    if (e.op === "axis") return { ...e, axis: this.#axis(e.axis) };
    if (e.op === "local") return { ...e, local: this.#value(e.local) };
    const before = operandsOf(e);
    const after = before.map((x) => this.#known.get(x) ?? x);
    if (e.op === "load") return { ...e, buffer: this.#value(e.buffer), index: after[0] };
    return after.every((x, i) => x === before[i]) ? e : withOperands(e, after);
  }
}
