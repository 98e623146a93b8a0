/**
 * A loop or a branch with all that it runs as one shader of one workgroup: kernels become functions, each called where it
 * was launched, with a barrier behind it. A loop's end and a branch's way are found out on the GPU, so nothing is read
 * back, and a turn costs a few barriers instead of dispatches.
 */
import type { BufferParam } from "../../kernel/expr.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { BranchStep, BufferRef, ForStep, LoopId, Step, WhileStep } from "../../program/program.ts";
import type { GpuBuffer, GpuLimits, GpuPlace, GpuShader } from "../../program/webgpu.ts";
import type { DType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import { Bindings } from "./bindings.ts";
import { KernelWriter } from "./kernel-writer.ts";
import { loadText, type Placement } from "./memory.ts";
import { ModuleWriter } from "./module.ts";
import { shaderText, sourceLines } from "./shader.ts";

export type ControlStep = ForStep | WhileStep | BranchStep;

/** How a loop runs in one shader. */
export interface LoopShader {
  /** Invocations of its workgroup. */
  readonly size: number;
  /** Turns of the outermost loop in one dispatch at the most: no dispatch may run for long. */
  readonly turns: number;
}

/** What the shader needs of the program around it. */
export interface LoopContext {
  readonly name: string;
  readonly limits: GpuLimits;
  kernel(name: string): Kernel;
  /** The kernel that copies a buffer's elements, as a copy step does. */
  copyKernel(step: Step & { kind: "copy" }): Kernel | null;
  place(ref: BufferRef): GpuPlace;
  bytesOf(buffer: GpuBuffer, param: BufferParam): number;
}

export interface WrittenLoop {
  readonly shader: GpuShader;
  readonly buffers: readonly GpuBuffer[];
  /** Loops around it whose counters it reads; the last one counts its own stretches, if it runs a loop in several. */
  readonly counters: readonly LoopId[];
}

/**
 * Writes a loop as a shader. `stretches`: the loop that counts the dispatches of a counted loop of more turns than one
 * dispatch runs; null where one runs all.
 */
export function emitLoop(
  step: ControlStep,
  { size, turns }: LoopShader,
  stretches: LoopId | null,
  context: LoopContext,
): WrittenLoop {
  return new LoopWriter(step, size, turns, stretches, context).run();
}

interface Call {
  readonly kernel: Kernel;
  readonly placements: ReadonlyMap<BufferParam, Placement>;
}

class LoopWriter {
  /** Loops in the shader and around it. */
  readonly #inside: LoopId[] = [];
  readonly #around: LoopId[] = [];
  readonly #bindings = new Bindings((loop) => this.#counterOf(loop));
  readonly #calls = new Map<Step, Call>();
  readonly #decisions = new Map<Step, Placement>();
  readonly #functions = new Map<string, string>();
  readonly #functionTexts: string[] = [];
  readonly #lines: string[] = [];
  #indent = "  ";
  #flag: string | null = null;
  #module!: ModuleWriter;

  constructor(
    private readonly step: ControlStep,
    private readonly size: number,
    private readonly turns: number,
    private readonly stretches: LoopId | null,
    private readonly context: LoopContext,
  ) {}

  run(): WrittenLoop {
    const { name, limits } = this.context;
    loopsOf([this.step], this.#inside);
    this.#around.push(...outerLoops(this.step, new Set(this.#inside)));
    if (this.stretches !== null) this.#around.push(this.stretches);
    this.#collect([this.step]);
    const bindings = this.#bindings.layouts(
      (buffer, param) => this.context.bytesOf(buffer, param),
      this.size === 1,
    );
    this.#module = new ModuleWriter({ bindings, counters: this.#around.length }, !limits.software);
    this.#outermost();
    const kernels = [...new Set([...this.#calls.values()].map(({ kernel }) => kernel))];
    const sources = sourceLines(kernels);
    const declared = this.#inside.map(
      (_, n) => `var<private> ${this.#module.counter(this.#around.length + n)}: i32;`,
    );
    if (this.#flag !== null) declared.push(`var<workgroup> ${this.#flag}: i32;`);
    const functions = [...declared, ...this.#functionTexts];
    return {
      shader: {
        name,
        wgsl: shaderText(name, sources, this.#module, this.size, this.#lines, functions),
        bindings: bindings.map(({ access, label, bytes }) => ({ access, label, bytes })),
        counters: this.#around.length,
        workgroups: [1, 1, 1],
        features: [],
        sources,
      },
      buffers: this.#bindings.buffers,
      counters: this.#around,
    };
  }

  #counterOf(loop: LoopId): number {
    const around = this.#around.indexOf(loop);
    return around >= 0 ? around : this.#around.length + this.#inside.indexOf(loop);
  }

  /** Binds what the steps read and write. */
  #collect(steps: readonly Step[]): void {
    for (const step of steps) {
      switch (step.kind) {
        case "launch":
          this.#addCall(step, this.context.kernel(step.kernel), step.args);
          break;
        case "copy": {
          const kernel = this.context.copyKernel(step);
          if (kernel !== null) this.#addCall(step, kernel, [step.from, step.to]);
          break;
        }
        case "for":
          this.#collect(step.body);
          break;
        case "while":
          this.#collect(step.cond);
          this.#decide(step, step.predicate, "bool");
          this.#collect(step.body);
          break;
        case "branch":
          if (step.index !== "threads") this.#decide(step, step.index, "int32");
          for (const steps of step.cases) this.#collect(steps);
          break;
        default:
          step satisfies never;
      }
    }
  }

  #addCall(step: Step, kernel: Kernel, args: readonly BufferRef[]): void {
    const placements = new Map(
      kernel.params.map((param, n) => [param, this.#bindings.place(param, this.context.place(args[n]))]),
    );
    this.#calls.set(step, { kernel, placements });
  }

  #decide(step: Step, ref: BufferRef, dtype: DType): void {
    const param: BufferParam = { name: "decision", dtype, size: 1, access: "read" };
    this.#decisions.set(step, this.#bindings.place(param, this.context.place(ref)));
  }

  // Lines

  #line(text: string): void {
    this.#lines.push(this.#indent + text);
  }

  #nested(open: string, body: () => void): void {
    this.#line(open);
    const outer = this.#indent;
    this.#indent = `${outer}  `;
    body();
    this.#indent = outer;
    this.#line("}");
  }

  #barrier(): void {
    if (this.size > 1) this.#line("storageBarrier();");
  }

  /** The loop of the shader's own, of which a dispatch runs some turns. */
  #outermost(): void {
    const { step, turns } = this;
    const turn = this.#module.names.take("turn");
    if (step.kind === "while") {
      this.#block(step.cond);
      this.#nested(`for (var ${turn}: i32 = 0; ${turn} < ${turns}; ${turn}++) {`, () => {
        this.#line(`if (${this.#decision(step, "bool")} == 0) { break; }`);
        this.#block(step.body);
        this.#block(step.cond);
      });
      return;
    }
    if (step.kind === "branch" || this.stretches === null) {
      this.#block([step]);
      return;
    }
    const counter = this.#module.counter(this.#counterOf(step.loop));
    const first = this.#module.counter(this.#counterOf(this.stretches));
    this.#nested(`for (var ${turn}: i32 = 0; ${turn} < ${turns}; ${turn}++) {`, () => {
      // A variable of the function's own: of a module's variable it is not known that it is the same for all.
      const i = this.#module.names.take("i");
      this.#line(`let ${i}: i32 = ${first} * ${turns} + ${turn};`);
      this.#line(`if (${i} >= ${step.trips}) { break; }`);
      this.#line(`${counter} = ${i};`);
      this.#block(step.body);
    });
  }

  #block(steps: readonly Step[]): void {
    for (const step of steps) this.#emit(step);
  }

  #emit(step: Step): void {
    switch (step.kind) {
      case "launch":
      case "copy": {
        const call = this.#calls.get(step);
        if (call === undefined) return;
        this.#line(`${this.#function(call)}(${this.size > 1 ? "invocation" : ""});`);
        this.#barrier();
        return;
      }
      case "for": {
        const counter = this.#module.counter(this.#counterOf(step.loop));
        const i = this.#module.names.take("i");
        this.#nested(`for (var ${i}: i32 = 0; ${i} < ${step.trips}; ${i}++) {`, () => {
          this.#line(`${counter} = ${i};`);
          this.#block(step.body);
        });
        return;
      }
      case "while":
        this.#nested("loop {", () => {
          this.#block(step.cond);
          this.#line(`if (${this.#decision(step, "bool")} == 0) { break; }`);
          this.#block(step.body);
        });
        return;
      case "branch": {
        const last = step.cases.length - 1;
        this.#nested(`switch clamp(${this.#decision(step, "int32")}, 0, ${last}) {`, () => {
          for (const [n, steps] of step.cases.entries())
            this.#nested(n === last ? "default: {" : `case ${n}: {`, () => this.#block(steps));
        });
        return;
      }
      default:
        step satisfies never;
    }
  }

  /** What the whole workgroup reads as one: an int32, of a bool 0 or 1. */
  #decision(step: Step, dtype: "bool" | "int32"): string {
    const placement = this.#decisions.get(step);
    if (placement === undefined) throw new InternalError("a loop without a predicate");
    const module = this.#module;
    const at = module.names.take("at");
    this.#line(`let ${at}: i32 = ${module.placed(placement, "0")};`);
    const { binding } = placement;
    const { form } = module.layout.bindings[binding];
    const text = loadText(module.bindingNames[binding], form, dtype, at, () => module.helper("f16_to_f32"));
    const value = dtype === "bool" ? `select(0, 1, ${text})` : text;
    const decided = module.names.take("decided");
    if (this.size === 1) {
      this.#line(`let ${decided}: i32 = ${value};`);
      return decided;
    }
    this.#flag ??= module.names.take("flag");
    this.#line(`if (invocation == 0u) { ${this.#flag} = ${value}; }`);
    this.#line(`let ${decided}: i32 = workgroupUniformLoad(&${this.#flag});`);
    return decided;
  }

  /** The function of a kernel with its buffers where they are, written when it is first called. */
  #function({ kernel, placements }: Call): string {
    const key = JSON.stringify([kernel.name, [...placements.values()]]);
    let name = this.#functions.get(key);
    if (name === undefined) {
      name = this.#module.names.take(kernel.name);
      this.#functions.set(key, name);
      const lines = new KernelWriter(this.#module, kernel, placements, {
        kind: "turns",
        size: this.size,
      }).run();
      const parameter = this.size > 1 ? "invocation: u32" : "";
      this.#functionTexts.push("", `fn ${name}(${parameter}) {`, ...lines, "}");
    }
    return name;
  }
}

/** The counted loops in steps. */
function loopsOf(steps: readonly Step[], found: LoopId[]): void {
  for (const step of steps) {
    if (step.kind === "for") {
      found.push(step.loop);
      loopsOf(step.body, found);
    } else if (step.kind === "while") {
      loopsOf(step.cond, found);
      loopsOf(step.body, found);
    } else if (step.kind === "branch") for (const steps of step.cases) loopsOf(steps, found);
  }
}

/** The loops that places in a step move with and that are not `inside` it. */
function outerLoops(step: Step, inside: ReadonlySet<LoopId>): LoopId[] {
  const found = new Set<LoopId>();
  for (const { strides } of placesOf(step))
    for (const { loop } of strides) if (!inside.has(loop)) found.add(loop);
  return [...found];
}

/** Every place that a step reads or writes, those of steps in it too. */
export function* placesOf(step: Step): Generator<BufferRef> {
  switch (step.kind) {
    case "launch":
      yield* step.args;
      return;
    case "copy":
      yield step.from;
      yield step.to;
      return;
    case "for":
      for (const each of step.body) yield* placesOf(each);
      return;
    case "while":
      yield step.predicate;
      for (const each of [...step.cond, ...step.body]) yield* placesOf(each);
      return;
    case "branch":
      if (step.index !== "threads") yield step.index;
      for (const each of step.cases.flat()) yield* placesOf(each);
      return;
    default:
      step satisfies never;
  }
}
