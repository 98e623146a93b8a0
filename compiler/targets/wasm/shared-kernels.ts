/**
 * Kernels whose grains threads share. A launch writes the kernel's arguments into a frame in the temporary arena and
 * calls the import `env.share(table, kernel, grains)`, which returns when every grain has run. Whoever runs grains calls
 * the export `grains(table, kernel, from, to)`. With one thread the host does nothing but call it with all of them.
 */
import { BUFFER_ALIGNMENT, type Program } from "../../program/program.ts";
import type { FunctionEncoder, LocalIndex, ModuleEncoder } from "./encoder.ts";
import type { PreparedKernel } from "./kernel-code.ts";
import { Op } from "./opcodes.ts";
import type { Launch } from "./schedule.ts";

/** Bytes of the frame that kernels' arguments are written to; one kernel runs at a time. */
export function frameBytes(shared: readonly PreparedKernel[]): number {
  const most = shared.reduce((n, { kernel }) => Math.max(n, kernel.params.length), 0);
  return Math.ceil((most * 4) / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}

export class SharedKernels {
  readonly #module: ModuleEncoder;
  readonly #share: FunctionEncoder;
  /** Offset of the frame: it lies behind the program's temporaries. */
  readonly #frame: number;
  readonly #kernels: FunctionEncoder[] = [];

  constructor(module: ModuleEncoder, program: Program) {
    this.#module = module;
    this.#frame = program.tempBytes;
    this.#share = module.importFunction("env", "share", [
      { name: "table", type: "i32" },
      { name: "kernel", type: "i32" },
      { name: "grains", type: "i32" },
    ]);
  }

  /** Its last parameter is the grain's number. */
  add(kernel: FunctionEncoder, grains: number): Launch {
    const number = this.#kernels.push(kernel) - 1;
    return (f) => {
      const address = f.temp("i32");
      const frame = f.temp("i32");
      f.get(0);
      f.memory(Op.i32Load, 2, 0);
      f.set(frame);
      for (let arg = kernel.params.length - 2; arg >= 0; arg--) {
        f.set(address);
        f.get(frame);
        f.get(address);
        f.memory(Op.i32Store, 2, this.#frame + arg * 4);
      }
      f.release(address, frame);
      f.get(0);
      f.i32(number);
      f.i32(grains);
      f.call(this.#share);
    };
  }

  export(): void {
    const f = this.#module.function(
      "grains",
      ["table", "kernel", "from", "to"].map((name) => ({ name, type: "i32" as const })),
      [],
    );
    const [table, kernel, from, to] = [0, 1, 2, 3];
    const frame = f.local("frame", "i32");
    f.get(table);
    f.memory(Op.i32Load, 2, 0);
    f.set(frame);
    const last = this.#kernels.length - 1;
    const nested = (n: number): void => {
      f.block(() => {
        if (n > 0) return nested(n - 1);
        f.get(kernel);
        f.brTable(
          this.#kernels.slice(0, last).map((_, i) => i),
          last,
        );
      });
      this.#loop(f, this.#kernels[n], frame, from, to);
      f.op(Op.return);
    };
    nested(last);
    this.#module.export("grains", f);
  }

  #loop(
    f: FunctionEncoder,
    kernel: FunctionEncoder,
    frame: LocalIndex,
    from: LocalIndex,
    to: LocalIndex,
  ): void {
    f.loop(() => {
      for (let arg = 0; arg < kernel.params.length - 1; arg++) {
        f.get(frame);
        f.memory(Op.i32Load, 2, this.#frame + arg * 4);
      }
      f.get(from);
      f.call(kernel);
      f.get(from);
      f.i32(1);
      f.op(Op.i32Add);
      f.tee(from);
      f.get(to);
      f.op(Op.i32Ne);
      f.brIf(0);
    });
  }
}
