/** A kernel's body as the lines of a WGSL function. */
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import { fromLinearForm, linearForm } from "../../kernel/index-math.ts";
import type { Kernel, LoopStmt, Stmt } from "../../kernel/kernel.ts";
import { scalarOps } from "../../kernel/scalar-ops.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import { type ExprContext, ExprWriter } from "./expressions.ts";
import { loadText, type Placement, storeLines } from "./memory.ts";
import type { ModuleWriter } from "./module.ts";
import { wgslType } from "./scalars.ts";

/** How the iterations of a kernel's grid are spread. */
export interface Spread {
  /**
   * `dispatch`: the shader is this kernel, and its invocations or workgroups are the iterations. `turns`: one workgroup
   * takes them in turns, all of them have run when the lines end.
   */
  readonly kind: "dispatch" | "turns";
  /** Invocations of the workgroup. */
  readonly size: number;
}

/** The grid loops around a kernel's body, outermost first. */
export function splitGrid(kernel: Kernel): {
  readonly grid: readonly Axis[];
  readonly iterations: number;
  readonly body: readonly Stmt[];
} {
  const grid: Axis[] = [];
  let { body } = kernel;
  while (body.length === 1 && body[0].kind === "loop" && body[0].axis.kind === "grid") {
    grid.push(body[0].axis);
    body = body[0].body;
  }
  return { grid, iterations: grid.reduce((n, axis) => n * axis.extent, 1), body };
}

export class KernelWriter {
  readonly #names = new Map<Axis | Local | BufferParam, string>();
  readonly #lines: string[] = [];
  readonly #registers: ReadonlySet<BufferParam>;
  readonly #shared: ReadonlySet<BufferParam>;
  /** The `local` axis whose loop the writer is in. */
  #invocation: Axis | null = null;
  readonly #assigned = new Set<Local>();
  readonly #context: ExprContext;
  readonly #registerNames = new Map<BufferParam, Map<number, string>>();
  #indent = "  ";
  /** Within a fold: what stands for element 0 of its memories, and for the element that is taken in. */
  #folding: ReadonlyMap<BufferParam, string> | null = null;
  #taken: ReadonlyMap<BufferParam, string> | null = null;

  constructor(
    private readonly module: ModuleWriter,
    private readonly kernel: Kernel,
    private readonly placements: ReadonlyMap<BufferParam, Placement>,
    private readonly spread: Spread,
  ) {
    this.#context = {
      fma: module.fma,
      axis: (axis) => this.#nameOf(axis),
      local: (local) => this.#nameOf(local),
      load: (buffer, index) => this.#load(buffer, index),
      register: (buffer, index) => (this.#registers.has(buffer) ? this.#register(buffer, index) : null),
      helper: (name) => void module.helper(name),
      math: (name, dtype) => module.math(name, dtype),
      fresh: (prefix) => module.names.take(prefix),
    };
    const { shared = [], registers = [] } = kernel.workgroup ?? {};
    this.#shared = new Set(shared);
    this.#registers = new Set(registers);
    const ordinals = new Map<string, number>();
    for (const memory of shared) {
      const n = ordinals.get(memory.dtype) ?? 0;
      ordinals.set(memory.dtype, n + 1);
      this.#names.set(
        memory,
        spread.kind === "dispatch" ? module.shared(memory) : module.reusedShared(memory, n),
      );
    }
    noteAssigned(kernel.body, this.#assigned);
  }

  /** The function's lines. `workgroups`: along x and y, of a dispatch. */
  run(workgroups: readonly [x: number, y: number, z: number] = [1, 1, 1]): string[] {
    const { grid, iterations, body } = splitGrid(this.kernel);
    if (this.spread.kind === "dispatch") this.#dispatched(grid, iterations, body, workgroups);
    else this.#inTurns(grid, iterations, body);
    return [...this.#registerLines(), ...this.#lines];
  }

  #registerLines(): string[] {
    return [...this.#registerNames].flatMap(([memory, names]) =>
      [...names.values()].map((name) => `  var ${name}: ${wgslType(memory.dtype)};`),
    );
  }

  // The grid

  #dispatched(
    grid: readonly Axis[],
    iterations: number,
    body: readonly Stmt[],
    [x, y]: readonly [number, number, number],
  ): void {
    if (grid.length > 0) {
      const group = y > 1 ? `(group.x + group.y * ${x}u)` : "group.x";
      const flat = this.kernel.workgroup === undefined;
      const position = this.#fresh("position");
      const { size } = this.spread;
      this.#line(`let ${position} = i32(${flat ? `${group} * ${size}u + invocation` : group});`);
      const covered = flat ? x * y * size : x * y;
      if (covered !== iterations) this.#line(`if (${position} >= ${iterations}) { return; }`);
      this.#gridIndices(grid, iterations, position);
    }
    this.#block(body);
  }

  /** Invocations take iterations that run on their own; a whole workgroup takes those that need one. */
  #inTurns(grid: readonly Axis[], iterations: number, body: readonly Stmt[]): void {
    const { size } = this.spread;
    const flat = this.kernel.workgroup === undefined;
    const all = !flat || size === 1;
    const step = all ? 1 : size;
    if (iterations === 1) {
      if (!all) this.#line("if (invocation == 0u) {");
      this.#indentedIf(!all, () => {
        this.#gridIndices(grid, 1, "0");
        this.#block(body, flat);
      });
      if (!all) this.#line("}");
      return;
    }
    const position = this.#fresh("position");
    if (!all && iterations <= size) {
      this.#line(`let ${position} = i32(invocation);`);
      if (iterations < size) this.#line(`if (${position} < ${iterations}) {`);
    } else {
      const first = all ? "0" : "i32(invocation)";
      this.#line(
        `for (var ${position}: i32 = ${first}; ${position} < ${iterations}; ${position} += ${step}) {`,
      );
    }
    const nested = all || iterations !== size;
    this.#indentedIf(nested, () => {
      this.#gridIndices(grid, iterations, position);
      this.#block(body, flat);
    });
    if (nested) this.#line("}");
  }

  #gridIndices(grid: readonly Axis[], iterations: number, position: string): void {
    let rest = iterations;
    for (const [n, axis] of grid.entries()) {
      rest /= axis.extent;
      let value = rest === 1 ? position : `${position} / ${rest}`;
      if (n > 0) value = rest === 1 ? `${position} % ${axis.extent}` : `(${value}) % ${axis.extent}`;
      this.#line(`let ${this.#nameOf(axis)}: i32 = ${value};`);
    }
  }

  #indentedIf(condition: boolean, body: () => void): void {
    if (condition) this.#indented(body);
    else body();
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
        if (stmt.axis.kind === "local") return this.#local(stmt, last);
        return stmt.axis.kind === "fold" ? this.#fold(stmt) : this.#loop(stmt);
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
    const some = axis.extent < this.spread.size;
    this.#line(some ? `if (invocation < ${axis.extent}u) {` : "{");
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

  /** Iteration i of a fold takes element i + 1 into element 0: in any way that keeps the order. */
  #fold(stmt: LoopStmt): void {
    const { module, spread } = this;
    const size = stmt.axis.extent + 1;
    if (module.subgroups && spread.kind === "dispatch" && spread.size === size)
      this.#foldBySubgroups(stmt, size);
    else this.#foldByTree(stmt, size);
  }

  /** Half of the invocations take over the parts of the others, again and again. */
  #foldByTree({ axis, body }: LoopStmt, size: number): void {
    const memories = storedIn(body);
    const steps = Array.from({ length: Math.log2(size) }, (_, n) => 2 ** n);
    // Halving the distance keeps the invocations that work together; doubling it keeps the order.
    const ordered = body.some(({ kind }) => kind === "assign");
    for (const distance of ordered ? steps : steps.reverse()) {
      const own = ordered ? `invocation % ${2 * distance}u == 0u` : `invocation < ${distance}u`;
      this.#line(`if (${size < this.spread.size && ordered ? `invocation < ${size}u && ` : ""}${own}) {`);
      this.#indented(() => {
        this.#line(`let ${this.#nameOf(axis)}: i32 = i32(invocation) + ${distance - 1};`);
        this.#folding = new Map(memories.map((m) => [m, `${this.#nameOf(m)}[invocation]`]));
        this.#block(body, false);
        this.#folding = null;
      });
      this.#line("}");
      this.#line("workgroupBarrier();");
    }
  }

  /**
   * Each subgroup folds its parts in registers and leaves one, until one is left. Parts are numbered by the place of an
   * invocation in its subgroup, which need not be that in the workgroup.
   */
  #foldBySubgroups({ axis, body }: LoopStmt, size: number): void {
    this.module.usesSubgroups = true;
    const memories = storedIn(body);
    const [parts, distance] = [this.#fresh("parts"), this.#fresh("distance")];
    const own = new Map(memories.map((m) => [m, this.#fresh("own")]));
    const other = new Map(memories.map((m) => [m, this.#fresh("other")]));
    this.#line(`for (var ${parts} = ${size}u; ${parts} > 1u; ${parts} = (${parts} + lanes - 1u) / lanes) {`);
    this.#indented(() => {
      for (const [m, name] of own) this.#line(`var ${name} = ${this.#nameOf(m)}[subgroup * lanes + lane];`);
      this.#line(
        `for (var ${distance} = 1u; ${distance} < min(lanes, ${parts}); ${distance} = ${distance} << 1u) {`,
      );
      this.#indented(() => {
        for (const [m, name] of other) {
          this.#line(`let ${name} = subgroupShuffleDown(${own.get(m)}, ${distance});`);
        }
        this.#line(`let ${this.#nameOf(axis)}: i32 = i32(${distance}) - 1;`);
        this.#folding = own;
        this.#taken = other;
        this.#block(body, false);
        this.#folding = null;
        this.#taken = null;
      });
      this.#line("}");
      this.#line("workgroupBarrier();");
      this.#line(`if (lane == 0u && subgroup * lanes < ${parts}) {`);
      this.#indented(() => {
        for (const [m, name] of own) this.#line(`${this.#nameOf(m)}[subgroup] = ${name};`);
      });
      this.#line("}");
      this.#line("workgroupBarrier();");
    });
    this.#line("}");
  }

  /** The text of an element of workgroup memory; of a part that is being folded, wherever it is. */
  #sharedElement(buffer: BufferParam, index: string): string {
    const own = this.#folding?.get(buffer);
    if (own !== undefined && index === "0") return own;
    return (own === undefined ? undefined : this.#taken?.get(buffer)) ?? `${this.#nameOf(buffer)}[${index}]`;
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
      this.#line(`${this.#sharedElement(buffer, at)} = ${stored};`);
      return;
    }
    const placement = this.#placement(buffer);
    const { binding } = placement;
    at = this.module.placed(placement, at);
    if (DTYPE_INFO[buffer.dtype].bytes < 4) {
      const place = this.#fresh("at");
      this.#line(`let ${place}: i32 = ${at};`);
      const stored = this.#fresh("value");
      this.#line(`let ${stored}: ${wgslType(buffer.dtype)} = ${text};`);
      [at, text] = [place, stored];
    }
    const lines = storeLines(
      this.module.bindingNames[binding],
      this.module.layout.bindings[binding].form,
      buffer.dtype,
      at,
      text,
      () => this.module.helper("f32_to_f16"),
    );
    for (const line of lines) this.#line(line);
  }

  // Expressions

  #exprs(...roots: readonly Expr[]): string[] {
    return new ExprWriter(this.#context, (text) => this.#line(text), this.#indented).write(...roots);
  }

  #fresh(prefix: string): string {
    return this.module.names.take(prefix);
  }

  #nameOf(x: Axis | Local | BufferParam): string {
    let name = this.#names.get(x);
    if (name === undefined) {
      name = this.module.names.take(x.name);
      this.#names.set(x, name);
    }
    return name;
  }

  #placement(buffer: BufferParam): Placement {
    const placement = this.placements.get(buffer);
    if (placement === undefined) throw new InternalError(`no binding holds ${buffer.name}`);
    return placement;
  }

  #load(buffer: BufferParam, index: string): string {
    if (this.#shared.has(buffer)) {
      const text = this.#sharedElement(buffer, index);
      return buffer.dtype === "bool" ? `(${text} != 0u)` : text;
    }
    const placement = this.#placement(buffer);
    const { binding } = placement;
    let at = this.module.placed(placement, index);
    if (DTYPE_INFO[buffer.dtype].bytes < 4 && at !== index) {
      const name = this.#fresh("at");
      this.#line(`let ${name}: i32 = ${at};`);
      at = name;
    }
    const { form } = this.module.layout.bindings[binding];
    return loadText(this.module.bindingNames[binding], form, buffer.dtype, at, () =>
      this.module.helper("f16_to_f32"),
    );
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
}

/** The memories that a fold's body stores to. */
function storedIn(body: readonly Stmt[]): BufferParam[] {
  return [...new Set(body.flatMap((stmt) => (stmt.kind === "store" ? [stmt.buffer] : [])))];
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
