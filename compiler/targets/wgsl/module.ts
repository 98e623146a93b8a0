/** One WGSL module: its bindings, the helper and math functions that its kernels ask for, and the names that are taken. */
import type { BufferParam, Local } from "../../kernel/expr.ts";
import { scalarOps } from "../../kernel/scalar-ops.ts";
import { lookupMath } from "../../math/index.ts";
import { COUNTER_BASE, type GpuBinding } from "../../program/webgpu.ts";
import type { DType } from "../../types/dtype.ts";
import { UnsupportedError } from "../../types/errors.ts";
import { type ExprContext, ExprWriter } from "./expressions.ts";
import { helperTexts } from "./helpers.ts";
import type { ElementForm, Placement } from "./memory.ts";
import { Names } from "./names.ts";
import { wgslType } from "./scalars.ts";

/** A storage binding of the module. */
export interface BindingLayout extends GpuBinding {
  readonly form: ElementForm;
}

export interface ModuleLayout {
  readonly bindings: readonly BindingLayout[];
  /** Counters of the loops around the dispatch. A counter beyond them is a variable of the module, of a loop in it. */
  readonly counters: number;
}

export class ModuleWriter {
  readonly names = new Names();
  readonly bindingNames: readonly string[];
  readonly #helpers = new Set<string>();
  readonly #math = new Map<string, string>();
  readonly #mathTexts: string[] = [];
  readonly #shared: { readonly name: string; readonly dtype: DType; size: number }[] = [];

  constructor(
    readonly layout: ModuleLayout,
    /** Whether the adapter multiplies and adds in one instruction. */
    readonly fma: boolean,
    /** Whether invocations may read each other's registers: folds of a workgroup need fewer barriers. */
    readonly subgroups = false,
  ) {
    this.bindingNames = layout.bindings.map((b) => this.names.take(b.label));
  }

  /** Set by who writes a fold over subgroups. */
  usesSubgroups = false;

  helper(name: string): string {
    this.#helpers.add(name);
    return name;
  }

  /** Memory of the workgroup. */
  shared(memory: BufferParam): string {
    const name = this.names.take(memory.name);
    this.#shared.push({ name, dtype: memory.dtype, size: memory.size });
    return name;
  }

  /** Memory of the workgroup that kernels use one after the other: the `n`th of a dtype. */
  reusedShared({ dtype, size }: BufferParam, n: number): string {
    const own = this.#shared.filter((memory) => memory.dtype === dtype);
    const found = own[n];
    if (found === undefined) {
      const name = this.names.take(`shared_${wgslType(dtype)}`);
      this.#shared.push({ name, dtype, size });
      return name;
    }
    found.size = Math.max(found.size, size);
    return found.name;
  }

  /** Bytes of workgroup memory that are declared. */
  get sharedBytes(): number {
    return this.#shared.reduce((sum, { size }) => sum + 4 * size, 0);
  }

  /** An index into a binding's array, in elements of the buffer's dtype. */
  placed({ offset, strides }: Placement, index: string): string {
    const terms = strides.map(({ counter, stride }) => `${this.counter(counter)} * ${stride}`);
    if (offset !== 0) terms.push(String(offset));
    return terms.length === 0 ? index : `(${[`(${index})`, ...terms].join(" + ")})`;
  }

  counter(k: number): string {
    return k < this.layout.counters ? `i32(high_${k} * ${COUNTER_BASE}u + low_${k})` : `counter_${k}`;
  }

  /** The declarations that the lines of a module's functions need. */
  declarations(lines: readonly string[]): string[] {
    const { bindings, counters } = this.layout;
    const declared: string[] = [];
    for (const [n, { access, form }] of bindings.entries()) {
      const mode = access === "read" && form !== "atomic<u32>" ? "read" : "read_write";
      declared.push(
        `@group(0) @binding(${n}) var<storage, ${mode}> ${this.bindingNames[n]}: array<${form}>;`,
      );
    }
    for (let k = 0; k < counters; k++) {
      declared.push(`@group(1) @binding(${2 * k}) var<uniform> low_${k}: u32;`);
      declared.push(`@group(1) @binding(${2 * k + 1}) var<uniform> high_${k}: u32;`);
    }
    for (const { name, dtype, size } of this.#shared) {
      const type = dtype === "bool" ? "u32" : wgslType(dtype);
      declared.push(`var<workgroup> ${name}: array<${type}, ${size}>;`);
    }
    const functions = [...helperTexts(this.#helpers), ...this.#mathTexts];
    if ([...functions, ...lines].some((text) => text.includes("zero_bits")))
      declared.push(
        "// 0 at run time, which no compiler knows: what it is mixed with is neither a constant expression nor simplified.",
        "var<private> zero_bits: u32;",
      );
    return [...declared, ...functions.flatMap((text) => ["", text])];
  }

  /** The name of a function of the math library. */
  math(fn: string, dtype: DType): string {
    const type = wgslType(dtype);
    const key = `${fn} ${type}`;
    const known = this.#math.get(key);
    if (known !== undefined) return known;
    const math = lookupMath(fn, dtype);
    if (math === undefined) throw new UnsupportedError(`WebGPU has no ${fn} of ${dtype}`);
    const name = this.names.take(`${fn}_${type}`);
    this.#math.set(key, name);
    const args = Array.from({ length: math.arity }, (_, n): Local => ({ name: `${fn}_x${n}`, dtype }));
    const lines: string[] = [];
    let indent = "  ";
    const names = new Map<Local, string>();
    const nameOf = (local: Local): string => {
      const taken = names.get(local) ?? this.names.take(local.name);
      names.set(local, taken);
      return taken;
    };
    const writer = new ExprWriter(
      this.#mathContext(nameOf),
      (text) => lines.push(indent + text),
      (body) => {
        const outer = indent;
        indent = `${outer}  `;
        body();
        indent = outer;
      },
      true,
    );
    const [result] = writer.write(math.body(scalarOps, ...args.map(scalarOps.local)));
    const list = args.map((arg) => `${nameOf(arg)}: ${type}`).join(", ");
    this.#mathTexts.push(
      [`fn ${name}(${list}) -> ${type} {`, ...lines, `  return ${result};`, "}"].join("\n"),
    );
    return name;
  }

  /** Of a function of numbers, which reads no memory. */
  #mathContext(local: (local: Local) => string): ExprContext {
    const none = (): never => {
      throw new UnsupportedError("a math function that reads memory");
    };
    return {
      fma: this.fma,
      axis: none,
      local,
      load: none,
      register: () => null,
      helper: (name) => void this.helper(name),
      math: (fn, dtype) => this.math(fn, dtype),
      fresh: (prefix) => this.names.take(prefix),
    };
  }
}
