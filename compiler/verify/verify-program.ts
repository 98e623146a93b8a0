/** The verifier of programs: references, sizes and structure. That live buffers do not overlap is the planner's test. */
import type { BufferParam } from "../kernel/expr.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { BufferRef, Program, ProgramBuffer, Step } from "../program/program.ts";
import { countOf } from "../text/names.ts";
import { printStepHead } from "../text/program-printer.ts";
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import { type Shape, sameShape, sizeOf } from "../types/tensor-type.ts";
import { kernelViolations } from "./verify-kernel.ts";
import { throwViolations, type Violation } from "./violations.ts";

/** Throws a VerifyError that lists every violation. */
export function verifyProgram(program: Program): void {
  throwViolations(programViolations(program));
}

/** All violations: of the buffers, the kernels, then the schedule. */
export function programViolations(program: Program): Violation<object>[] {
  const verifier = new ProgramVerifier(program);
  verifier.interface();
  verifier.buffers();
  for (const kernel of program.kernels) verifier.violations.push(...kernelViolations(kernel));
  verifier.steps(program.schedule);
  return verifier.violations;
}

class ProgramVerifier {
  readonly violations: Violation<object>[] = [];
  readonly #buffers = new Map<number, ProgramBuffer>();
  readonly #kernels = new Map<string, Kernel>();
  /** Trips of the loops being run, by id. */
  readonly #loops = new Map<number, number>();

  constructor(private readonly program: Program) {
    for (const kernel of program.kernels) {
      if (this.#kernels.has(kernel.name)) this.#report(`two kernels are called @${kernel.name}`, kernel);
      this.#kernels.set(kernel.name, kernel);
    }
  }

  interface(): void {
    const { aliases, inputs, outputs, tempBytes } = this.program;
    if (aliases.length !== outputs.length) {
      this.#report(`${aliases.length} aliases for ${outputs.length} outputs`, null);
    }
    if (!isNatural(tempBytes)) this.#report(`tempBytes is ${tempBytes}`, null);
    const taken = new Set<number>();
    for (const [i, alias] of aliases.entries()) {
      if (alias === null) continue;
      const input = inputs[alias];
      if (input === undefined)
        this.#report(`output ${i} is an alias of input ${alias}, which does not exist`, null);
      else if (bytesOf(input) !== bytesOf(outputs[i])) {
        this.#report(`output ${i} is an alias of input ${alias}, which has another size`, null);
      }
      if (taken.has(alias)) this.#report(`input ${alias} is the alias of two outputs`, null);
      taken.add(alias);
    }
  }

  buffers(): void {
    const { inputs, outputs, constants, tempBytes } = this.program;
    for (const buffer of this.program.buffers) {
      const { id, kind, offset, bytes } = buffer;
      if (this.#buffers.has(id)) this.#report(`two buffers have the id %${id}`, buffer);
      this.#buffers.set(id, buffer);
      if (bytes < bytesOf(buffer)) {
        this.#report(`%${id} has ${bytes} bytes, its type needs ${bytesOf(buffer)}`, buffer);
      }
      if (!isNatural(offset)) this.#report(`%${id} has an offset of ${offset}`, buffer);
      if (kind === "temp" && offset + bytes > tempBytes) {
        this.#report(`%${id} ends at ${offset + bytes} of ${tempBytes} temporary bytes`, buffer);
      }
      if (kind === "constant" && offset + bytes > constants.length) {
        this.#report(`%${id} ends at ${offset + bytes} of ${constants.length} constant bytes`, buffer);
      }
      if ((kind === "temp" || kind === "constant") && offset % DTYPE_INFO[buffer.dtype].bytes !== 0) {
        this.#report(`%${id} at offset ${offset} is not aligned for ${buffer.dtype}`, buffer);
      }
      if (kind === "input") this.#matches(buffer, inputs[offset], "input");
      if (kind === "output") this.#matches(buffer, outputs[offset], "output");
    }
  }

  #matches(buffer: ProgramBuffer, declared: { dtype: DType; shape: Shape } | undefined, what: string): void {
    const { id, offset, dtype, shape } = buffer;
    if (declared === undefined) this.#report(`%${id} is ${what} ${offset}, which does not exist`, buffer);
    else if (declared.dtype !== dtype || !sameShape(declared.shape, shape)) {
      this.#report(`%${id} has another type than ${what} ${offset}`, buffer);
    }
  }

  steps(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    switch (step.kind) {
      case "launch":
        return this.#launch(step);
      case "copy":
        this.#ref(step.from, step.bytes, step);
        this.#ref(step.to, step.bytes, step);
        return this.#writable(step.to, step);
      case "for":
        if (!isNatural(step.trips)) this.#report(`the loop has ${step.trips} trips`, step);
        if (this.#loops.has(step.loop)) this.#report(`loop #${step.loop} is running already`, step);
        this.#loops.set(step.loop, step.trips);
        this.steps(step.body);
        this.#loops.delete(step.loop);
        return;
      case "while":
        this.#scalar(step.predicate, "bool", "the predicate", step);
        this.steps(step.cond);
        return this.steps(step.body);
      case "branch":
        if (step.index !== "threads") this.#scalar(step.index, "int32", "the index", step);
        else if (step.cases.length !== 2) this.#report("a branch on threads has two cases", step);
        if (step.cases.length === 0) this.#report("the branch has no cases", step);
        for (const steps of step.cases) this.steps(steps);
        return;
      default:
        step satisfies never;
    }
  }

  #launch(step: Step & { kind: "launch" }): void {
    const kernel = this.#kernels.get(step.kernel);
    if (kernel === undefined) return this.#report(`there is no kernel @${step.kernel}`, step);
    if (kernel.params.length !== step.args.length) {
      const counts = `${countOf(kernel.params.length, "buffer")}, got ${step.args.length}`;
      return this.#report(`@${step.kernel} takes ${counts}`, step);
    }
    for (const [i, ref] of step.args.entries()) this.#argument(kernel.params[i], ref, step);
  }

  #argument(param: BufferParam, ref: BufferRef, step: Step): void {
    this.#ref(ref, param.size * DTYPE_INFO[param.dtype].bytes, step);
    const buffer = this.#buffers.get(ref.buffer);
    // A GPU's kernels have all their scratch memory in one buffer, whatever it holds.
    const isScratch = buffer?.kind === "temp" && buffer.label === "scratch";
    if (buffer !== undefined && buffer.dtype !== param.dtype && !isScratch) {
      this.#report(`%${param.name} is ${param.dtype}, but %${ref.buffer} is ${buffer.dtype}`, step);
    }
    const width = DTYPE_INFO[param.dtype].bytes;
    if (ref.offset % width !== 0 || ref.strides.some(({ stride }) => stride % width !== 0)) {
      this.#report(`the reference to %${ref.buffer} is not aligned for ${param.dtype}`, step);
    }
    if (param.access !== "read") this.#writable(ref, step);
  }

  /** Inputs are written only where an output takes their buffer over; constants never. */
  #writable(ref: BufferRef, step: Step): void {
    const buffer = this.#buffers.get(ref.buffer);
    if (buffer?.kind === "constant") this.#report(`%${ref.buffer} is a constant, but written to`, step);
    if (buffer?.kind === "input" && !this.program.aliases.includes(buffer.offset)) {
      this.#report(`%${ref.buffer} is an input that is not donated, but written to`, step);
    }
  }

  #scalar(ref: BufferRef, dtype: DType, what: string, step: Step): void {
    this.#ref(ref, DTYPE_INFO[dtype].bytes, step);
    const buffer = this.#buffers.get(ref.buffer);
    if (buffer !== undefined && buffer.dtype !== dtype) {
      this.#report(`${what} must be ${dtype}, but %${ref.buffer} is ${buffer.dtype}`, step);
    }
  }

  /** Checks that `bytes` bytes from the reference lie in its buffer for all counters of the loops. */
  #ref(ref: BufferRef, bytes: number, step: Step): void {
    const buffer = this.#buffers.get(ref.buffer);
    if (buffer === undefined) return this.#report(`there is no buffer %${ref.buffer}`, step);
    let low = ref.offset;
    let high = ref.offset + bytes;
    for (const { loop, stride } of ref.strides) {
      const trips = this.#loops.get(loop);
      if (trips === undefined) return this.#report(`loop #${loop} does not run here`, step);
      const last = Math.max(trips - 1, 0) * stride;
      low += Math.min(0, last);
      high += Math.max(0, last);
    }
    if (low < 0 || high > buffer.bytes) {
      this.#report(`bytes ${low} to ${high} of %${ref.buffer}, which has ${buffer.bytes}`, step);
    }
  }

  #report(message: string, node: Step | ProgramBuffer | Kernel | null): void {
    const where = `program @${this.program.name}${node === null ? "" : `, ${describe(node)}`}`;
    this.violations.push({ message, where, node, source: null });
  }
}

function describe(node: Step | ProgramBuffer | Kernel): string {
  if ("body" in node && "params" in node) return `kernel @${node.name}`;
  return "id" in node ? `buffer %${node.id}` : printStepHead(node);
}

function bytesOf({ dtype, shape }: { readonly dtype: DType; readonly shape: Shape }): number {
  return sizeOf(shape) * DTYPE_INFO[dtype].bytes;
}

function isNatural(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}
