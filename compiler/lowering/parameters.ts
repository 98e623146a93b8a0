/** The parameters of a kernel being lowered, and what each stands for in the graph. */
import { type Operand, Value } from "../graph/graph.ts";
import { OwnNames } from "../graph/own-names.ts";
import type { BufferAccess, BufferParam } from "../kernel/expr.ts";
import type { DType } from "../types/dtype.ts";

/** What a kernel parameter stands for: a graph operand, or scratch memory of the kernel. */
export interface KernelArg {
  readonly param: BufferParam;
  readonly operand: Operand | null;
  /** What a written buffer holds before the kernel runs; null: anything. */
  readonly initial: Operand | null;
  /** Scratch memory that several kernels of a group share, by a key of their own; null: the kernel's alone. */
  readonly shared: object | null;
  /** Scratch that holds nothing from one iteration of an outer loop to the next. */
  readonly temporary: boolean;
}

/** Gives kernel parameters to operands as the lowering asks for them. */
export class Parameters {
  readonly args: KernelArg[] = [];
  readonly #byOperand = new Map<Operand, BufferParam>();
  readonly #written = new Map<Value, BufferParam>();
  readonly #names = new OwnNames();

  #add(
    hint: string,
    dtype: DType,
    size: number,
    access: BufferAccess,
    operand: Operand | null,
    initial: Operand | null = null,
    shared: object | null = null,
    temporary = false,
  ): BufferParam {
    const param: BufferParam = { name: this.#names.take(hint), dtype, size, access };
    this.args.push({ param, operand, initial, shared, temporary });
    return param;
  }

  read(x: Operand): BufferParam {
    const found = this.#byOperand.get(x);
    if (found !== undefined) return found;
    const hint = x instanceof Value && x.hint !== null ? x.hint : `in${this.args.length}`;
    const param = this.#add(identifier(hint), x.type.dtype, x.type.size, "read", x);
    this.#byOperand.set(x, param);
    return param;
  }

  write(value: Value, access: BufferAccess = "write"): BufferParam {
    const found = this.#written.get(value);
    if (found !== undefined) return found;
    const param = this.#add("out", value.type.dtype, value.type.size, access, value);
    this.#written.set(value, param);
    return param;
  }

  /** A result that starts as a copy of an operand. */
  update(value: Value, initial: Operand): BufferParam {
    const found = this.#written.get(value);
    if (found !== undefined) return found;
    const { dtype, size } = value.type;
    const param = this.#add("out", dtype, size, "readwrite", value, initial);
    this.#written.set(value, param);
    return param;
  }

  scratch(dtype: DType, size: number): BufferParam {
    return this.#add("scratch", dtype, size, "readwrite", null);
  }

  /** Scratch memory that the kernels of a group pass on: the same memory in all that give the same key. */
  sharedScratch(hint: string, dtype: DType, size: number, access: BufferAccess, key: object): BufferParam {
    return this.#add(hint, dtype, size, access, null, null, key);
  }

  /** Scratch of which every iteration of an outer loop may have one of its own. */
  temporary(dtype: DType, size: number): BufferParam {
    return this.#add("scratch", dtype, size, "readwrite", null, null, null, true);
  }
}

function identifier(hint: string): string {
  const clean = hint.replace(/[^A-Za-z0-9_]/g, "_");
  return /^[A-Za-z_]/.test(clean) ? clean : `v${clean}`;
}
