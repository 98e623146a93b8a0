/** Kernels as text, losslessly: `parseKernel(printKernel(k))` has the same statements and expressions. */
import type { BufferParam, Expr } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { DTYPE_INFO } from "../types/dtype.ts";
import { formatGlobal } from "./cursor.ts";
import { axisName, printExprs, valueName } from "./expr-printer.ts";
import { COMBINE_SIGNS, type KernelNames, kernelNames } from "./kernel-names.ts";
import { formatSourceComment } from "./source-comments.ts";

/** The text of a kernel, ending in a newline; every line begins with `indent`. */
export function printKernel(kernel: Kernel, indent = ""): string {
  const names = kernelNames(kernel);
  const memory = (p: BufferParam): string =>
    `${valueName(p, names)}: buf<${DTYPE_INFO[p.dtype].short},${p.size}>`;
  const params = kernel.params.map((p) => `${memory(p)} ${p.access}`);
  let workgroup = "";
  if (kernel.workgroup !== undefined) {
    const { size, shared, registers } = kernel.workgroup;
    workgroup = ` workgroup ${size}`;
    if (shared.length > 0) workgroup += ` shared(${shared.map(memory).join(", ")})`;
    if (registers.length > 0) workgroup += ` registers(${registers.map(memory).join(", ")})`;
  }
  const inner = `${indent}  `;
  // Several equations of one line, or of its derivative, are one line here.
  const sources = new Set(
    kernel.sources.flatMap((source) => {
      const location = source.resolve();
      return location === null ? [] : [formatSourceComment(location)];
    }),
  );
  const lines = [
    `${indent}kernel ${formatGlobal(kernel.name)}(${params.join(", ")})${workgroup} {`,
    ...[...sources].map((comment) => `${inner}// ${comment}`),
  ];
  printBlock(kernel.body, names, inner, lines);
  lines.push(`${indent}}`, "");
  return lines.join("\n");
}

/** One statement, for messages; of a compound one the first line. */
export function printStmt(stmt: Stmt, names: KernelNames): string {
  const lines: string[] = [];
  printOne(stmt, names, "", lines);
  return lines.find((line) => !line.startsWith("with ")) ?? "";
}

function printBlock(stmts: readonly Stmt[], names: KernelNames, indent: string, lines: string[]): void {
  for (const stmt of stmts) printOne(stmt, names, indent, lines);
}

function printOne(stmt: Stmt, names: KernelNames, indent: string, lines: string[]): void {
  const inner = `${indent}  `;
  const exprs = (...roots: readonly Expr[]): string[] => {
    const { bindings, texts } = printExprs(roots, names);
    for (const binding of bindings) lines.push(`${indent}with ${binding}`);
    return texts;
  };
  switch (stmt.kind) {
    case "loop": {
      const { kind, extent } = stmt.axis;
      lines.push(`${indent}${kind} ${axisName(stmt.axis, names)} in 0..${extent} {`);
      printBlock(stmt.body, names, inner, lines);
      lines.push(`${indent}}`);
      return;
    }
    case "while": {
      const [cond] = exprs(stmt.cond);
      lines.push(`${indent}while ${cond} {`);
      printBlock(stmt.body, names, inner, lines);
      lines.push(`${indent}}`);
      return;
    }
    case "if": {
      const [cond] = exprs(stmt.cond);
      lines.push(`${indent}if ${cond} {`);
      printBlock(stmt.then, names, inner, lines);
      if (stmt.else.length > 0) {
        lines.push(`${indent}} else {`);
        printBlock(stmt.else, names, inner, lines);
      }
      lines.push(`${indent}}`);
      return;
    }
    case "let": {
      const [value] = exprs(stmt.value);
      const dtype = DTYPE_INFO[stmt.local.dtype].short;
      lines.push(`${indent}let ${valueName(stmt.local, names)}: ${dtype} = ${value}`);
      return;
    }
    case "assign": {
      const [value] = exprs(stmt.value);
      lines.push(`${indent}${valueName(stmt.local, names)} = ${value}`);
      return;
    }
    case "accumulate": {
      const [value] = exprs(stmt.value);
      lines.push(`${indent}acc ${valueName(stmt.local, names)} ${COMBINE_SIGNS[stmt.fn]} ${value}`);
      return;
    }
    case "store": {
      const [index, value] = exprs(stmt.index, stmt.value);
      lines.push(`${indent}store ${valueName(stmt.buffer, names)}[${index}] = ${value}`);
      return;
    }
    default:
      stmt satisfies never;
  }
}
