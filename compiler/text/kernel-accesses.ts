/** Where a kernel reads and writes: the index expression of every load and store, as text. */
import type { BufferParam, Expr } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { postOrder, printExprs, valueName } from "./expr-printer.ts";
import { kernelNames } from "./kernel-names.ts";

/** A place where a kernel reads or writes a buffer, with its index expressions. */
export interface KernelAccess {
  readonly kind: "load" | "store";
  /** The parameter, or memory of the workgroup. */
  readonly buffer: string;
  /** In elements, over the axes of the loops around it: `i0 * 8 + r0`. */
  readonly index: string;
}

/** Loads and stores in the order of the kernel's text, equal ones once. */
export function kernelAccesses(kernel: Kernel): KernelAccess[] {
  const names = kernelNames(kernel);
  const found = new Map<string, KernelAccess>();
  const note = (kind: KernelAccess["kind"], buffer: BufferParam, at: Expr): void => {
    const { bindings, texts } = printExprs([at], names);
    const shared = bindings.map((binding) => ` where ${binding}`).join(",");
    const access = { kind, buffer: valueName(buffer, names).replace(/^%/, ""), index: texts[0] + shared };
    found.set(`${kind} ${access.buffer} ${access.index}`, access);
  };
  const loads = (...roots: readonly Expr[]): void => {
    for (const e of postOrder(roots)) if (e.op === "load") note("load", e.buffer, e.index);
  };
  const statement = (stmt: Stmt): void => {
    switch (stmt.kind) {
      case "loop":
        return stmt.body.forEach(statement);
      case "while":
        loads(stmt.cond);
        return stmt.body.forEach(statement);
      case "if":
        loads(stmt.cond);
        stmt.then.forEach(statement);
        return stmt.else.forEach(statement);
      case "let":
      case "assign":
      case "accumulate":
        return loads(stmt.value);
      case "store":
        loads(stmt.index, stmt.value);
        return note("store", stmt.buffer, stmt.index);
      default:
        return stmt satisfies never;
    }
  };
  kernel.body.forEach(statement);
  return [...found.values()];
}
