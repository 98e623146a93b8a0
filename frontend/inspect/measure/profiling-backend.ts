/** The compiler's pipeline with kernels that are timed one by one: what `weft profile` runs programs with. */
import type { CompiledGraph } from "../../../compiler/pipeline.ts";
import { compileGraph } from "../../../compiler/pipeline.ts";
import type { Backend } from "../../core/backend.ts";
import { spans } from "../../core/spans.ts";
import { KernelClock } from "./kernel-times.ts";
import { MeasuredProgram } from "./measured-program.ts";

/** A compiled function and what its calls took. */
export interface ProfiledFunction {
  readonly compiled: CompiledGraph;
  readonly clock: KernelClock;
  readonly calls: { count: number; milliseconds: number };
  readonly program: MeasuredProgram;
}

/** Compiles a graph so that its kernels are timed. Launches are reported as spans while somebody listens. */
export function profileGraph(compiled: CompiledGraph): ProfiledFunction {
  const clock = new KernelClock();
  const graph = compiled.graph.name;
  const program = new MeasuredProgram(compiled.assembled.program, (kernel, start, duration) => {
    const net = clock.add(kernel, duration);
    if (spans.listener !== null) {
      spans.report({ kind: "kernel", name: kernel, start, duration: net, detail: { graph } });
    }
  });
  return { compiled, clock, program, calls: { count: 0, milliseconds: 0 } };
}

export class ProfilingBackend implements Backend {
  /** In the order they were compiled; single operations of eager execution too. */
  readonly functions: ProfiledFunction[] = [];

  compile(...[graph, donated]: Parameters<Backend["compile"]>): ReturnType<Backend["compile"]> {
    const compiled = spans.measure("compile", graph.name, () =>
      compileGraph(graph, donated === null ? {} : { donated }),
    );
    const profiled = profileGraph(compiled);
    this.functions.push(profiled);
    const { program, calls } = profiled;
    return {
      compiled,
      run: (inputs, given = null) =>
        spans.measure("run", graph.name, () => {
          const start = performance.now();
          const outputs = program.run(inputs, given);
          calls.count++;
          calls.milliseconds += performance.now() - start;
          return outputs;
        }),
    };
  }
}
