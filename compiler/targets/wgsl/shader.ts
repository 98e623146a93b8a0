/**
 * One kernel as one WGSL module.
 *
 * Without a workgroup of its own a kernel's `grid` iterations are spread over invocations; with one, each iteration is a
 * workgroup, its `local` loops are the invocations side by side, and a barrier stands behind each.
 */
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import { fromLinearForm, linearForm } from "../../kernel/index-math.ts";
import type { Kernel, LoopStmt, Stmt } from "../../kernel/kernel.ts";
import { scalarOps } from "../../kernel/scalar-ops.ts";
import { lookupMath } from "../../math/index.ts";
import type { GpuBinding, GpuLimits, GpuShader } from "../../program/webgpu.ts";
import { COUNTER_BASE } from "../../program/webgpu.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError, UnsupportedError } from "../../types/errors.ts";
import { formatSource } from "../../types/source.ts";
import { type ExprContext, ExprWriter } from "./expressions.ts";
import { helperTexts } from "./helpers.ts";
import { type ElementForm, elementForm, loadText, type Placement, storeLines } from "./memory.ts";
import { takeIdentifier } from "./names.ts";
import { wgslType } from "./scalars.ts";

/** Invocations of a workgroup whose iterations have nothing to do with each other. */
const FLAT_WORKGROUP = 64;
/** Workgroups along one dimension of a dispatch. */
const MAX_WORKGROUPS = 65535;

/** A storage binding of the shader. */
export interface BindingLayout extends GpuBinding {
  readonly form: ElementForm;
}

export interface ShaderLayout {
  readonly bindings: readonly BindingLayout[];
  readonly placements: ReadonlyMap<BufferParam, Placement>;
  readonly counters: number;
}

/** Every buffer in a binding of its own, from its beginning: to look at a kernel by itself. */
export function plainLayout(kernel: Kernel): ShaderLayout {
  const placements = new Map<BufferParam, Placement>();
  const bindings = kernel.params.map((param, binding): BindingLayout => {
    placements.set(param, { binding, offset: 0, strides: [] });
    const bytes = Math.ceil((param.size * DTYPE_INFO[param.dtype].bytes) / 4) * 4;
    const access = param.access === "read" ? "read" : "readwrite";
    return { access, label: param.name, bytes, form: elementForm([param], false) };
  });
  return { bindings, placements, counters: 0 };
}

export function emitShader(kernel: Kernel, layout: ShaderLayout, limits: GpuLimits): GpuShader {
  return new ShaderWriter(kernel, layout, !limits.software).run();
}

class ShaderWriter {
  readonly #taken = new Set<string>();
  readonly #names = new Map<Axis | Local | BufferParam, string>();
  readonly #helpers = new Set<string>();
  readonly #math = new Map<string, string>();
  readonly #mathTexts: string[] = [];
  readonly #lines: string[] = [];
  readonly #bindingNames: readonly string[];
  readonly #registers: ReadonlySet<BufferParam>;
  readonly #shared: ReadonlySet<BufferParam>;
  /** The `local` axis whose loop the writer is in. */
  #invocation: Axis | null = null;
  readonly #assigned = new Set<Local>();
  readonly #context: ExprContext;
  readonly #registerNames = new Map<BufferParam, Map<number, string>>();
  #indent = "  ";
  #needsZero = false;

  constructor(
    private readonly kernel: Kernel,
    private readonly layout: ShaderLayout,
    fma: boolean,
  ) {
    this.#context = {
      fma,
      axis: (axis) => this.#nameOf(axis),
      local: (local) => this.#nameOf(local),
      load: (buffer, index) => this.#load(buffer, index),
      register: (buffer, index) => (this.#registers.has(buffer) ? this.#register(buffer, index) : null),
      helper: (name) => void this.#helper(name),
      math: (name, dtype) => this.#mathFunction(name, dtype),
      fresh: (prefix) => this.#fresh(prefix),
    };
    const { shared = [], registers = [] } = kernel.workgroup ?? {};
    this.#shared = new Set(shared);
    this.#registers = new Set(registers);
    this.#bindingNames = layout.bindings.map((b) => takeIdentifier(b.label, this.#taken));
    for (const memory of shared) this.#names.set(memory, takeIdentifier(memory.name, this.#taken));
    noteAssigned(kernel.body, this.#assigned);
  }

  run(): GpuShader {
    const { kernel, layout } = this;
    const grid: Axis[] = [];
    let body = kernel.body;
    while (body.length === 1 && body[0].kind === "loop" && body[0].axis.kind === "grid") {
      grid.push(body[0].axis);
      body = body[0].body;
    }
    const iterations = grid.reduce((n, axis) => n * axis.extent, 1);
    const size = kernel.workgroup?.size ?? (grid.length > 0 ? FLAT_WORKGROUP : 1);
    const groups = kernel.workgroup === undefined ? Math.ceil(iterations / size) : iterations;
    const workgroups = foldGroups(groups, kernel.name);
    this.#gridIndices(grid, iterations, groups, workgroups);
    this.#block(body);
    const sources = sourceLines(kernel);
    const declarations = this.#declarations();
    const wgsl = [
      `// ${kernel.name}`,
      ...sources.map((source) => `// ${source}`),
      ...declarations,
      "",
      `@compute @workgroup_size(${size})`,
      "fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {",
      ...(this.#needsZero ? ["  zero_bits = group.z;"] : []),
      ...this.#registerLines(),
      ...this.#lines,
      "}",
      "",
    ].join("\n");
    return {
      name: kernel.name,
      wgsl,
      bindings: layout.bindings.map(({ access, label, bytes }) => ({ access, label, bytes })),
      counters: layout.counters,
      workgroups,
      features: [],
      sources,
    };
  }

  // Declarations

  #declarations(): string[] {
    const lines: string[] = [];
    for (const [n, { access, form }] of this.layout.bindings.entries()) {
      const mode = access === "read" && form !== "atomic<u32>" ? "read" : "read_write";
      lines.push(`@group(0) @binding(${n}) var<storage, ${mode}> ${this.#bindingNames[n]}: array<${form}>;`);
    }
    for (let k = 0; k < this.layout.counters; k++) {
      lines.push(`@group(1) @binding(${2 * k}) var<uniform> low_${k}: u32;`);
      lines.push(`@group(1) @binding(${2 * k + 1}) var<uniform> high_${k}: u32;`);
    }
    for (const memory of this.#shared) {
      const type = memory.dtype === "bool" ? "u32" : wgslType(memory.dtype);
      lines.push(`var<workgroup> ${this.#nameOf(memory)}: array<${type}, ${memory.size}>;`);
    }
    const functions = [...helperTexts(this.#helpers), ...this.#mathTexts];
    this.#needsZero = [...functions, ...this.#lines].some((text) => text.includes("zero_bits"));
    if (this.#needsZero)
      lines.push(
        "// 0 at run time, which no compiler knows: what it is mixed with is neither a constant expression nor simplified.",
        "var<private> zero_bits: u32;",
      );
    return [...lines, ...functions.flatMap((text) => ["", text])];
  }

  #registerLines(): string[] {
    return [...this.#registerNames].flatMap(([memory, names]) =>
      [...names.values()].map((name) => `  var ${name}: ${wgslType(memory.dtype)};`),
    );
  }

  #gridIndices(
    grid: readonly Axis[],
    iterations: number,
    groups: number,
    [x, y]: readonly [number, number, number],
  ): void {
    if (grid.length === 0) return;
    const group = y > 1 ? `(group.x + group.y * ${x}u)` : "group.x";
    const flat = this.kernel.workgroup === undefined;
    const position = takeIdentifier("position", this.#taken);
    const text = flat ? `${group} * ${FLAT_WORKGROUP}u + invocation` : group;
    this.#line(`let ${position} = i32(${text});`);
    const covered = flat ? x * y * FLAT_WORKGROUP : x * y;
    if (covered !== iterations) this.#line(`if (${position} >= ${iterations}) { return; }`);
    let rest = iterations;
    for (const [n, axis] of grid.entries()) {
      rest /= axis.extent;
      let value = rest === 1 ? position : `${position} / ${rest}`;
      if (n > 0) value = rest === 1 ? `${position} % ${axis.extent}` : `(${value}) % ${axis.extent}`;
      this.#line(`let ${this.#nameOf(axis)}: i32 = ${value};`);
    }
    if (groups > MAX_WORKGROUPS * MAX_WORKGROUPS)
      throw new InternalError("a dispatch of too many workgroups");
  }

  // Statements

  #line(text: string): void {
    this.#lines.push(this.#indent + text);
  }

  readonly #indented = (body: () => void): void => {
    const outer = this.#indent;
    this.#indent = `${outer}  `;
    body();
    this.#indent = outer;
  };

  #block(stmts: readonly Stmt[], last = true): void {
    for (const [n, stmt] of stmts.entries()) this.#stmt(stmt, last && n === stmts.length - 1);
  }

  /** `last`: nothing of the kernel runs after it, so nobody waits for it. */
  #stmt(stmt: Stmt, last: boolean): void {
    switch (stmt.kind) {
      case "loop":
        return stmt.axis.kind === "local" ? this.#local(stmt, last) : this.#loop(stmt);
      case "while": {
        this.#line("loop {");
        this.#indented(() => {
          const [cond] = this.#exprs(stmt.cond);
          this.#line(`if (!(${cond})) { break; }`);
          this.#block(stmt.body, false);
        });
        this.#line("}");
        return;
      }
      case "if": {
        const [cond] = this.#exprs(stmt.cond);
        this.#line(`if (${cond}) {`);
        this.#indented(() => this.#block(stmt.then, false));
        if (stmt.else.length > 0) {
          this.#line("} else {");
          this.#indented(() => this.#block(stmt.else, false));
        }
        this.#line("}");
        return;
      }
      case "let": {
        const [value] = this.#exprs(stmt.value);
        const word = this.#assigned.has(stmt.local) ? "var" : "let";
        this.#line(`${word} ${this.#nameOf(stmt.local)}: ${wgslType(stmt.local.dtype)} = ${value};`);
        return;
      }
      case "assign": {
        const [value] = this.#exprs(stmt.value);
        this.#line(`${this.#nameOf(stmt.local)} = ${value};`);
        return;
      }
      case "accumulate": {
        const local = scalarOps.local(stmt.local);
        const [value] = this.#exprs({
          op: "binary",
          fn: stmt.fn,
          dtype: stmt.local.dtype,
          x: local,
          y: stmt.value,
        });
        this.#line(`${this.#nameOf(stmt.local)} = ${value};`);
        return;
      }
      case "store":
        return this.#store(stmt);
      default:
        stmt satisfies never;
    }
  }

  #loop({ axis, body }: LoopStmt): void {
    const i = this.#nameOf(axis);
    this.#line(`for (var ${i}: i32 = 0; ${i} < ${axis.extent}; ${i}++) {`);
    this.#indented(() => this.#block(body, false));
    this.#line("}");
  }

  #local({ axis, body }: LoopStmt, last: boolean): void {
    this.#invocation = axis;
    this.#line("{");
    this.#indented(() => {
      this.#line(`let ${this.#nameOf(axis)}: i32 = i32(invocation);`);
      this.#block(body, false);
    });
    this.#line("}");
    this.#invocation = null;
    if (last) return;
    // Only buffers that are read back carry what one invocation writes for another.
    if (this.kernel.params.some((p) => p.access === "readwrite")) this.#line("storageBarrier();");
    this.#line("workgroupBarrier();");
  }

  #store({ buffer, index, value }: Stmt & { kind: "store" }): void {
    if (this.#registers.has(buffer)) {
      const [text] = this.#exprs(value);
      this.#line(`${this.#register(buffer, index)} = ${text};`);
      return;
    }
    let [at, text] = this.#exprs(index, value);
    if (this.#shared.has(buffer)) {
      const stored = buffer.dtype === "bool" ? `select(0u, 1u, ${text})` : text;
      this.#line(`${this.#nameOf(buffer)}[${at}] = ${stored};`);
      return;
    }
    const { binding } = this.#placement(buffer);
    at = this.#placed(buffer, at);
    if (DTYPE_INFO[buffer.dtype].bytes < 4) {
      const place = this.#fresh("at");
      this.#line(`let ${place}: i32 = ${at};`);
      const stored = this.#fresh("value");
      this.#line(`let ${stored}: ${wgslType(buffer.dtype)} = ${text};`);
      [at, text] = [place, stored];
    }
    const lines = storeLines(
      this.#bindingNames[binding],
      this.layout.bindings[binding].form,
      buffer.dtype,
      at,
      text,
      () => this.#helper("f32_to_f16"),
    );
    for (const line of lines) this.#line(line);
  }

  // Expressions

  #exprs(...roots: readonly Expr[]): string[] {
    return new ExprWriter(this.#context, (text) => this.#line(text), this.#indented).write(...roots);
  }

  #helper(name: string): string {
    this.#helpers.add(name);
    return name;
  }

  #fresh(prefix: string): string {
    return takeIdentifier(prefix, this.#taken);
  }

  #nameOf(x: Axis | Local | BufferParam): string {
    let name = this.#names.get(x);
    if (name === undefined) {
      name = takeIdentifier(x.name, this.#taken);
      this.#names.set(x, name);
    }
    return name;
  }

  #placement(buffer: BufferParam): Placement {
    const placement = this.layout.placements.get(buffer);
    if (placement === undefined) throw new InternalError(`no binding holds ${buffer.name}`);
    return placement;
  }

  /** An index into a binding's array, in elements of the buffer's dtype. */
  #placed(buffer: BufferParam, index: string): string {
    const { offset, strides } = this.#placement(buffer);
    const terms = strides.map(
      ({ counter, stride }) => `i32(high_${counter} * ${COUNTER_BASE}u + low_${counter}) * ${stride}`,
    );
    if (offset !== 0) terms.push(String(offset));
    return terms.length === 0 ? index : `(${[`(${index})`, ...terms].join(" + ")})`;
  }

  #load(buffer: BufferParam, index: string): string {
    if (this.#shared.has(buffer)) {
      const text = `${this.#nameOf(buffer)}[${index}]`;
      return buffer.dtype === "bool" ? `(${text} != 0u)` : text;
    }
    const { binding } = this.#placement(buffer);
    let at = this.#placed(buffer, index);
    if (DTYPE_INFO[buffer.dtype].bytes < 4 && at !== index) {
      const name = this.#fresh("at");
      this.#line(`let ${name}: i32 = ${at};`);
      at = name;
    }
    const { form } = this.layout.bindings[binding];
    return loadText(this.#bindingNames[binding], form, buffer.dtype, at, () => this.#helper("f16_to_f32"));
  }

  /** The variable that is one place of an invocation's own memory. */
  #register(memory: BufferParam, index: Expr): string {
    const size = memory.size / (this.kernel.workgroup?.size ?? 1);
    const axis = this.#invocation;
    if (axis === null) throw new InternalError(`${memory.name} is used outside of a local loop`);
    const own = linearForm(scalarOps.sub(index, scalarOps.mul(scalarOps.axis(axis), scalarOps.int(size))));
    const place = fromLinearForm(own);
    if (place.op !== "const" || place.value < 0 || place.value >= size) {
      throw new InternalError(`${memory.name} is used at a place that is not the invocation's own`);
    }
    let names = this.#registerNames.get(memory);
    if (names === undefined) {
      names = new Map();
      this.#registerNames.set(memory, names);
    }
    let name = names.get(place.value);
    if (name === undefined) {
      name = this.#fresh(`${memory.name}_${place.value}`);
      names.set(place.value, name);
    }
    return name;
  }

  #mathFunction(fn: string, dtype: DType): string {
    const type = wgslType(dtype);
    const key = `${fn} ${type}`;
    const known = this.#math.get(key);
    if (known !== undefined) return known;
    const math = lookupMath(fn, dtype);
    if (math === undefined) throw new UnsupportedError(`WebGPU has no ${fn} of ${dtype}`);
    const name = this.#fresh(`${fn}_${type}`);
    this.#math.set(key, name);
    const args = Array.from({ length: math.arity }, (_, n): Local => ({ name: `${fn}_x${n}`, dtype }));
    const lines: string[] = [];
    let indent = "  ";
    const writer = new ExprWriter(
      this.#context,
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
    const list = args.map((arg) => `${this.#nameOf(arg)}: ${type}`).join(", ");
    this.#mathTexts.push(
      [`fn ${name}(${list}) -> ${type} {`, ...lines, `  return ${result};`, "}"].join("\n"),
    );
    return name;
  }
}

function noteAssigned(stmts: readonly Stmt[], assigned: Set<Local>): void {
  for (const stmt of stmts) {
    if (stmt.kind === "assign" || stmt.kind === "accumulate") assigned.add(stmt.local);
    else if (stmt.kind === "loop" || stmt.kind === "while") noteAssigned(stmt.body, assigned);
    else if (stmt.kind === "if") {
      noteAssigned(stmt.then, assigned);
      noteAssigned(stmt.else, assigned);
    }
  }
}

/** Workgroups in two dimensions where one does not hold them. */
function foldGroups(groups: number, name: string): [number, number, number] {
  if (groups <= MAX_WORKGROUPS) return [Math.max(groups, 1), 1, 1];
  const y = Math.ceil(groups / MAX_WORKGROUPS);
  if (y > MAX_WORKGROUPS)
    throw new UnsupportedError(`${name} needs ${groups} workgroups, more than WebGPU can dispatch`);
  return [Math.ceil(groups / y), y, 1];
}

function sourceLines(kernel: Kernel): string[] {
  return [
    ...new Set(
      kernel.sources.flatMap((source) => {
        const location = source.resolve();
        return location === null ? [] : [formatSource(location)];
      }),
    ),
  ];
}
