/** What a program has compiled, for `weft run --json`. */
import type { AssembledProgram } from "../../compiler/assembly/assemble.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { Artifact, CompileObserver, PassRecord } from "../../compiler/pass-runner.ts";

interface CompiledFunction {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of all passes. */
  milliseconds: number;
  /** 0 where a pass failed before there were any. */
  kernels: number;
  /** The pass that failed; null where none did. */
  failed: string | null;
}

export class CompiledFunctions {
  readonly list: CompiledFunction[] = [];

  observe({ name, inputs, outputs }: Graph): CompileObserver {
    const types = (values: Graph["outputs"]): string[] => values.map(({ type }) => type.text);
    const found: CompiledFunction = {
      name,
      inputs: types(inputs),
      outputs: types(outputs),
      milliseconds: 0,
      kernels: 0,
      failed: null,
    };
    this.list.push(found);
    return {
      passed({ level, milliseconds }: PassRecord, artifact: Artifact) {
        found.milliseconds += milliseconds;
        if (level === "program") found.kernels = (artifact as AssembledProgram).program.kernels.length;
      },
      failed({ name: pass }: PassRecord) {
        found.failed = pass;
      },
    };
  }
}
