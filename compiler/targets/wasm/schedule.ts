/**
 * A program's schedule as Wasm code: `run(table)`, where `table` points to the int32 addresses of the temporary
 * arena, the constant segment, the inputs and the outputs.
 *
 * A body that runs often is a function of its own, called per iteration with the table and the counters of the loops
 * around it: V8 optimises a function only between calls.
 */
import type { BufferRef, Program, ProgramBuffer, Step } from "../../program/program.ts";
import { InternalError } from "../../types/errors.ts";
import type { FunctionEncoder, LocalIndex, ModuleEncoder } from "./encoder.ts";
import { Op, Simd, type ValueType } from "./opcodes.ts";

/** Loops of fewer trips than this stay within their function. */
const OUTLINE_TRIPS = 16;

/** A copy of at most this many bytes is done by loads and stores; memory.copy costs a call. */
const INLINE_COPY_BYTES = 64;

/** Emits the launch of a kernel whose buffers' addresses are on the stack; local 0 is the table. */
export type Launch = (f: FunctionEncoder) => void;

export function emitSchedule(
  module: ModuleEncoder,
  program: Program,
  kernels: ReadonlyMap<string, Launch>,
): FunctionEncoder {
  const f = module.function("run", [{ name: "table", type: "i32" }], []);
  const shared: Shared = {
    module,
    kernels,
    buffers: new Map(program.buffers.map((b) => [b.id, b])),
    inputs: program.inputs.length,
    threads: () => module.exportedGlobal("threads"),
  };
  new ScheduleEmitter(f, shared, []).steps(program.schedule);
  return f;
}

interface Shared {
  readonly module: ModuleEncoder;
  readonly kernels: ReadonlyMap<string, Launch>;
  readonly buffers: ReadonlyMap<number, ProgramBuffer>;
  readonly inputs: number;
  /** The variable that says whether threads share grains. */
  readonly threads: () => number;
}

class ScheduleEmitter {
  readonly #f: FunctionEncoder;
  readonly #shared: Shared;
  /** Loops around this code, outermost first, with their counters. */
  readonly #counters: Map<number, LocalIndex>;
  /** Table entries already in locals, by slot. */
  #bases = new Map<number, LocalIndex>();

  constructor(f: FunctionEncoder, shared: Shared, counters: readonly (readonly [number, LocalIndex])[]) {
    this.#f = f;
    this.#shared = shared;
    this.#counters = new Map(counters);
  }

  steps(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    const f = this.#f;
    switch (step.kind) {
      case "launch": {
        const launch = this.#shared.kernels.get(step.kernel);
        if (launch === undefined) throw new InternalError(`no kernel ${step.kernel}`);
        for (const arg of step.args) this.#address(arg);
        return launch(f);
      }
      case "copy":
        return this.#copy(step.from, step.to, step.bytes);
      case "for":
        return this.#for(step.loop, step.trips, step.body);
      case "while":
        return this.#while(step);
      case "branch":
        return this.#branch(step.index, step.cases);
      default:
        return step satisfies never;
    }
  }

  /** Steps that may not run: a base first read in them is not at hand after them. */
  #conditional(steps: readonly Step[]): void {
    const before = this.#bases;
    this.#bases = new Map(before);
    this.steps(steps);
    this.#bases = before;
  }

  #buffer(ref: BufferRef): ProgramBuffer {
    const buffer = this.#shared.buffers.get(ref.buffer);
    if (buffer === undefined) throw new InternalError(`no buffer ${ref.buffer}`);
    return buffer;
  }

  /** Pushes the base address of a buffer's table entry. */
  #base(buffer: ProgramBuffer): void {
    const f = this.#f;
    const slot =
      buffer.kind === "temp"
        ? 0
        : buffer.kind === "constant"
          ? 1
          : 2 + (buffer.kind === "output" ? this.#shared.inputs : 0) + buffer.offset;
    const known = this.#bases.get(slot);
    if (known !== undefined) return f.get(known);
    const base = f.local(slot === 0 ? "temp" : slot === 1 ? "constants" : buffer.label, "i32");
    f.get(0);
    f.memory(Op.i32Load, 2, slot * 4);
    f.tee(base);
    this.#bases.set(slot, base);
  }

  #address(ref: BufferRef): void {
    const f = this.#f;
    const buffer = this.#buffer(ref);
    this.#base(buffer);
    const constant = ref.offset + (buffer.kind === "temp" || buffer.kind === "constant" ? buffer.offset : 0);
    if (constant !== 0) {
      f.i32(constant);
      f.op(Op.i32Add);
    }
    for (const { loop, stride } of ref.strides) {
      const counter = this.#counters.get(loop);
      if (counter === undefined) throw new InternalError(`a buffer moves with loop ${loop} outside of it`);
      f.get(counter);
      f.i32(stride);
      f.op(Op.i32Mul);
      f.op(Op.i32Add);
    }
  }

  #copy(from: BufferRef, to: BufferRef, bytes: number): void {
    const f = this.#f;
    if (bytes === 0) return;
    this.#address(to);
    this.#address(from);
    if (bytes > INLINE_COPY_BYTES) {
      f.i32(bytes);
      return f.memoryCopy();
    }
    const source = f.temp("i32");
    const target = f.temp("i32");
    f.set(source);
    f.set(target);
    for (let at = 0; at < bytes; ) {
      const log = [4, 3, 2, 1, 0].find((n) => 2 ** n <= bytes - at) ?? 0;
      f.get(target);
      f.get(source);
      if (log === 4) {
        f.simdMemory(Simd.load, 0, at);
        f.simdMemory(Simd.store, 0, at);
      } else {
        f.memory([Op.i32Load8U, Op.i32Load16U, Op.i32Load, Op.i64Load][log], 0, at);
        f.memory([Op.i32Store8, Op.i32Store16, Op.i32Store, Op.i64Store][log], 0, at);
      }
      at += 2 ** log;
    }
    f.release(source, target);
  }

  /** Emits `steps` as a function of the table and the enclosing counters, `own` the innermost; returns its call. */
  #outlined(
    name: string,
    steps: readonly Step[],
    own: readonly (readonly [number, LocalIndex])[],
  ): () => void {
    const passed = [...this.#counters, ...own];
    const params = [
      { name: "table", type: "i32" as ValueType },
      ...passed.map(([loop]) => ({ name: `n${loop}`, type: "i32" as ValueType })),
    ];
    const body = this.#shared.module.function(name, params, []);
    new ScheduleEmitter(
      body,
      this.#shared,
      passed.map(([loop], i) => [loop, i + 1] as const),
    ).steps(steps);
    return () => {
      this.#f.get(0);
      for (const [, counter] of passed) this.#f.get(counter);
      this.#f.call(body);
    };
  }

  #for(loop: number, trips: number, steps: readonly Step[]): void {
    if (trips === 0) return;
    const f = this.#f;
    const counter = f.local(`n${loop}`, "i32");
    f.i32(0);
    f.set(counter);
    const call = trips >= OUTLINE_TRIPS ? this.#outlined(`for${loop}`, steps, [[loop, counter]]) : null;
    this.#counters.set(loop, counter);
    f.loop(() => {
      if (call) call();
      else this.#conditional(steps);
      f.get(counter);
      f.i32(1);
      f.op(Op.i32Add);
      f.tee(counter);
      f.i32(trips);
      f.op(Op.i32Ne);
      f.brIf(0);
    });
    this.#counters.delete(loop);
  }

  #while(step: Extract<Step, { kind: "while" }>): void {
    const f = this.#f;
    const call = this.#outlined("while", [...step.body, ...step.cond], []);
    this.steps(step.cond);
    f.block(() => {
      f.loop(() => {
        this.#address(step.predicate);
        f.memory(Op.i32Load8U, 0, 0);
        f.op(Op.i32Eqz);
        f.brIf(1);
        call();
        f.br(0);
      });
    });
  }

  #branch(index: BufferRef | "threads", cases: readonly (readonly Step[])[]): void {
    const f = this.#f;
    if (index === "threads") {
      f.globalGet(this.#shared.threads());
      const [alone, shared] = cases.map((steps) => () => this.#conditional(steps));
      return f.if(null, shared, alone);
    }
    const last = cases.length - 1;
    if (last < 0) return;
    if (last === 0) return this.steps(cases[0]);
    const chosen = f.temp("i32");
    this.#address(index);
    f.memory(Op.i32Load, 2, 0);
    f.set(chosen);
    const nested = (n: number): void => {
      f.block(() => {
        if (n > 0) return nested(n - 1);
        // A negative index is case 0; br_table takes one above the last case as the last one.
        f.get(chosen);
        f.i32(0);
        f.get(chosen);
        f.i32(0);
        f.op(Op.i32GtS);
        f.op(Op.select);
        const depths = cases.map((_, i) => i);
        f.brTable(depths.slice(0, last), last);
      });
      this.#conditional(cases[n]);
      // From within the block of case n, the end of the outermost is last - n blocks out.
      f.br(last - n);
    };
    f.block(() => nested(last));
    f.release(chosen);
  }
}
