/** Kernels and programs as plain data, for `--json` and the inspector's page. */
import { type Expr, operandsOf } from "../../compiler/kernel/expr.ts";
import type { Kernel, Stmt } from "../../compiler/kernel/kernel.ts";
import type { Program, Step } from "../../compiler/program/program.ts";
import { type KernelNames, kernelNames } from "../../compiler/text/kernel-names.ts";
import { type NumberData, numberData, type SourceData, sourceData } from "./graph-data.ts";

/** One node of the expressions of a kernel; `args` are positions in the list it is in, all before its own. */
export interface ExprData {
  readonly op: string;
  readonly dtype: string;
  /** The function of a unary, binary or called operation; the half of a word. */
  readonly fn?: string;
  readonly args?: readonly number[];
  readonly value?: NumberData;
  /** The axis, local or buffer it reads. */
  readonly name?: string;
}

export type StmtData =
  | {
      readonly kind: "loop";
      readonly axis: { readonly name: string; readonly kind: string; readonly extent: number };
      readonly body: readonly StmtData[];
    }
  | { readonly kind: "while"; readonly cond: number; readonly body: readonly StmtData[] }
  | {
      readonly kind: "if";
      readonly cond: number;
      readonly then: readonly StmtData[];
      readonly else: readonly StmtData[];
    }
  | { readonly kind: "let" | "assign"; readonly local: string; readonly value: number }
  | { readonly kind: "accumulate"; readonly local: string; readonly fn: string; readonly value: number }
  | { readonly kind: "store"; readonly buffer: string; readonly index: number; readonly value: number };

export interface KernelData {
  readonly name: string;
  readonly params: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly size: number;
    readonly access: string;
  }[];
  /** Every expression once; statements name them by position. */
  readonly expressions: readonly ExprData[];
  readonly body: readonly StmtData[];
  readonly sources: readonly SourceData[];
}

export interface ProgramData {
  readonly name: string;
  readonly inputs: Program["inputs"];
  readonly outputs: Program["outputs"];
  readonly aliases: Program["aliases"];
  readonly tempBytes: number;
  readonly constantBytes: number;
  readonly buffers: Program["buffers"];
  readonly kernels: readonly string[];
  readonly schedule: readonly Step[];
}

export function programData(program: Program): ProgramData {
  const { name, inputs, outputs, aliases, tempBytes, constants, buffers, kernels, schedule } = program;
  return {
    name,
    inputs,
    outputs,
    aliases,
    tempBytes,
    constantBytes: constants.byteLength,
    buffers,
    kernels: kernels.map((kernel) => kernel.name),
    schedule,
  };
}

/** `folder`: source files are named relative to it. */
export function kernelData(kernel: Kernel, folder: string): KernelData {
  const names = kernelNames(kernel);
  const table = new ExpressionTable(names);
  const body = kernel.body.map((stmt) => stmtData(stmt, table, names));
  return {
    name: kernel.name,
    params: kernel.params.map((param) => ({
      name: names.values.get(param) ?? param.name,
      dtype: param.dtype,
      size: param.size,
      access: param.access,
    })),
    expressions: table.rows,
    body,
    sources: kernel.sources.flatMap((source) => sourceData(source, folder) ?? []),
  };
}

/** Expressions are a graph whose nodes are shared: written as trees they could be of any size. */
class ExpressionTable {
  readonly rows: ExprData[] = [];
  readonly #places = new Map<Expr, number>();

  constructor(private readonly names: KernelNames) {}

  place(e: Expr): number {
    const known = this.#places.get(e);
    if (known !== undefined) return known;
    const args = operandsOf(e).map((x) => this.place(x));
    const row = { op: e.op, dtype: e.dtype, ...this.#detail(e), ...(args.length > 0 ? { args } : {}) };
    const place = this.rows.push(row) - 1;
    this.#places.set(e, place);
    return place;
  }

  #detail(e: Expr): Partial<ExprData> {
    switch (e.op) {
      case "const":
        return { value: numberData(e.value) };
      case "axis":
        return { name: this.names.axes.get(e.axis) ?? e.axis.name };
      case "local":
        return { name: this.names.values.get(e.local) ?? e.local.name };
      case "load":
        return { name: this.names.values.get(e.buffer) ?? e.buffer.name };
      case "unary":
      case "binary":
      case "call":
        return { fn: e.fn };
      case "word":
        return { fn: e.half };
      default:
        return {};
    }
  }
}

function stmtData(stmt: Stmt, table: ExpressionTable, names: KernelNames): StmtData {
  const block = (stmts: readonly Stmt[]): StmtData[] => stmts.map((each) => stmtData(each, table, names));
  switch (stmt.kind) {
    case "loop": {
      const { name, kind, extent } = stmt.axis;
      const axis = { name: names.axes.get(stmt.axis) ?? name, kind, extent };
      return { kind: "loop", axis, body: block(stmt.body) };
    }
    case "while":
      return { kind: "while", cond: table.place(stmt.cond), body: block(stmt.body) };
    case "if":
      return { kind: "if", cond: table.place(stmt.cond), then: block(stmt.then), else: block(stmt.else) };
    case "let":
    case "assign":
      return {
        kind: stmt.kind,
        local: names.values.get(stmt.local) ?? stmt.local.name,
        value: table.place(stmt.value),
      };
    case "accumulate":
      return {
        kind: "accumulate",
        local: names.values.get(stmt.local) ?? stmt.local.name,
        fn: stmt.fn,
        value: table.place(stmt.value),
      };
    case "store":
      return {
        kind: "store",
        buffer: names.values.get(stmt.buffer) ?? stmt.buffer.name,
        index: table.place(stmt.index),
        value: table.place(stmt.value),
      };
    default:
      return stmt satisfies never;
  }
}
