/**
 * Runs a Program on the kernel interpreter: the schedule, buffers, offsets and aliasing of the real thing without a
 * target. Slow; it tells whether a wrong result comes from the plan or from the code generator.
 */
import type { Kernel } from "../kernel/kernel.ts";
import type { BufferRef, LoopId, Program, Step } from "../program/program.ts";
import { InternalError } from "../types/errors.ts";
import { runKernel } from "./kernel-interpreter.ts";

/** Sees each launch and runs it: `memory` is that of the kernel's parameters. */
export type AroundLaunch = (kernel: Kernel, memory: readonly DataView[], run: () => void) => void;

class Machine {
  readonly #memory: Uint8Array[];
  readonly #kernels: ReadonlyMap<string, Program["kernels"][number]>;
  readonly #counters = new Map<LoopId, number>();

  constructor(
    private readonly program: Program,
    inputs: readonly Uint8Array[],
    outputs: readonly Uint8Array[],
    private readonly around: AroundLaunch,
  ) {
    // Temporaries share one arena, as they will on a target: a planning mistake must show here.
    const arena = new Uint8Array(program.tempBytes).fill(0xa5);
    this.#memory = program.buffers.map(({ kind, offset, bytes }) => {
      switch (kind) {
        case "input":
          return inputs[offset];
        case "output":
          return outputs[offset];
        case "constant":
          return program.constants.subarray(offset, offset + bytes);
        case "temp":
          return arena.subarray(offset, offset + bytes);
        default:
          return kind satisfies never;
      }
    });
    this.#kernels = new Map(program.kernels.map((k) => [k.name, k]));
  }

  run(): void {
    this.#steps(this.program.schedule);
  }

  #view(ref: BufferRef): DataView {
    const bytes = this.#memory[ref.buffer];
    let offset = ref.offset;
    for (const { loop, stride } of ref.strides) offset += (this.#counters.get(loop) ?? 0) * stride;
    return new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset);
  }

  #steps(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    switch (step.kind) {
      case "launch": {
        const kernel = this.#kernels.get(step.kernel);
        if (kernel === undefined) throw new InternalError(`no kernel named ${step.kernel}`);
        const memory = step.args.map((ref) => this.#view(ref));
        return this.around(kernel, memory, () => runKernel(kernel, memory));
      }
      case "copy": {
        const from = this.#view(step.from);
        const to = this.#view(step.to);
        const bytes = new Uint8Array(from.buffer, from.byteOffset, step.bytes).slice();
        return new Uint8Array(to.buffer, to.byteOffset, step.bytes).set(bytes);
      }
      case "for":
        for (let i = 0; i < step.trips; i++) {
          this.#counters.set(step.loop, i);
          this.#steps(step.body);
        }
        return;
      case "while":
        for (;;) {
          this.#steps(step.cond);
          if (this.#view(step.predicate).getUint8(0) === 0) return;
          this.#steps(step.body);
        }
      case "branch": {
        if (step.index === "threads") return this.#steps(step.cases[0]);
        const index = this.#view(step.index).getInt32(0, true);
        return this.#steps(step.cases[Math.min(Math.max(index, 0), step.cases.length - 1)]);
      }
      default:
        return step satisfies never;
    }
  }
}

/** Runs a program on little-endian bytes of its inputs; returns the bytes of its outputs. */
export function runProgram(
  program: Program,
  inputs: readonly Uint8Array[],
  around: AroundLaunch = (_kernel, _memory, run) => run(),
): Uint8Array[] {
  const buffers = program.buffers.filter((b) => b.kind === "output");
  const given = inputs.map((bytes) => bytes.slice());
  const outputs = program.outputs.map((_, o) => {
    const alias = program.aliases[o];
    if (alias !== null) return given[alias];
    return new Uint8Array(buffers.find((b) => b.offset === o)?.bytes ?? 0).fill(0x5a);
  });
  new Machine(program, given, outputs, around).run();
  return outputs;
}
