/** One kernel of a group while it is being written: statements, parameters, the memory of its workgroup. */
import type { Equation, Value } from "../../graph/graph.ts";
import type { Axis, BufferParam, Expr } from "../../kernel/expr.ts";
import type { Stmt } from "../../kernel/kernel.ts";
import { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import type { SourceRef } from "../../types/source.ts";
import { Elements } from "../elements.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { Parameters } from "../parameters.ts";

/** What the kernels of one group have in common. */
export interface GroupContext {
  readonly producer: ReadonlyMap<Value, Equation>;
  readonly inlined: ReadonlySet<Equation>;
  readonly name: string;
  readonly sources: readonly SourceRef[];
}

export class KernelDraft {
  readonly k = new KernelBuilder();
  readonly parameters = new Parameters();
  readonly elements: Elements;
  readonly #shared: BufferParam[] = [];
  readonly #registers: BufferParam[] = [];

  constructor(
    private readonly group: GroupContext,
    /** Invocations of the workgroup; null where each iteration of the grid runs on its own. */
    readonly size: number | null = null,
  ) {
    this.elements = new Elements(group.producer, group.inlined, (v) => this.parameters.read(v));
  }

  /** Memory of the workgroup. */
  shared(hint: string, dtype: DType, size: number): BufferParam {
    const memory: BufferParam = { name: this.k.fresh(hint), dtype, size, access: "readwrite" };
    this.#shared.push(memory);
    return memory;
  }

  /** Registers of each invocation. */
  registers(hint: string, dtype: DType, perInvocation: number): BufferParam {
    const size = perInvocation * (this.size ?? 1);
    const memory: BufferParam = { name: this.k.fresh(hint), dtype, size, access: "readwrite" };
    this.#registers.push(memory);
    return memory;
  }

  /** Runs `body` on every invocation of the workgroup; all are through before what follows. */
  local(body: (t: Expr) => void): void {
    const axis: Axis = { name: this.k.fresh("t"), extent: this.size ?? 1, kind: "local" };
    this.k.loopAll(axis, () => body(axis.extent === 1 ? s.int(0) : s.axis(axis)));
  }

  /** Folds the parts that the invocations left in workgroup memory: `body` takes part `other` into part `own`. */
  fold(body: (own: Expr, other: Expr) => void): void {
    const axis: Axis = { name: this.k.fresh("f"), extent: (this.size ?? 1) - 1, kind: "fold" };
    this.k.loopAll(axis, () => body(s.int(0), s.add(s.axis(axis), s.int(1))));
  }

  /** Bytes of workgroup memory so far. */
  get sharedBytes(): number {
    return this.#shared.reduce((sum, memory) => sum + 4 * memory.size, 0);
  }

  finish(suffix = ""): LoweredKernel {
    const { name, sources } = this.group;
    const { args } = this.parameters;
    const body: readonly Stmt[] = this.k.finish();
    const kernel = { name: name + suffix, params: args.map((arg) => arg.param), body, sources };
    if (this.size === null) return { kernel, args };
    const workgroup = { size: this.size, shared: this.#shared, registers: this.#registers };
    return { kernel: { ...kernel, workgroup }, args };
  }
}

/** The largest power of two up to `n`, within bounds. */
export function powerOfTwo(n: number, least: number, most: number): number {
  let size = least;
  while (size * 2 <= Math.min(n, most)) size *= 2;
  return size;
}

/** `body` where `index` is below `extent`; without a condition where it is known to be: an infinite extent. */
export function whenBelow(k: KernelBuilder, index: Expr, extent: number, body: () => void): void {
  if (extent === Infinity) body();
  else when(k, s.lt(index, s.int(extent)), body);
}

/** `body` where the condition holds; without a statement where it is known. */
export function when(k: KernelBuilder, condition: Expr, body: () => void): void {
  if (condition.op === "const") {
    if (condition.value) body();
  } else k.if(condition, body);
}
