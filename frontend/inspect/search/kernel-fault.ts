/** Which kernel of a program is wrong: in what it says, or in the code that is made of it. */
import type { AssembledProgram } from "../../../compiler/assembly/assemble.ts";
import { Graph, Value } from "../../../compiler/graph/graph.ts";
import type { RefTensor } from "../../../compiler/graph/reference.ts";
import { fromBytes } from "../../../compiler/interpret/tensors.ts";
import type { Kernel } from "../../../compiler/kernel/kernel.ts";
import type { Program, WasmExecutable } from "../../../compiler/program/program.ts";
import { DTYPE_INFO } from "../../../compiler/types/dtype.ts";
import { tensorType } from "../../../compiler/types/tensor-type.ts";
import { type Difference, firstDifference, type Tolerance } from "../compare-results.ts";
import { interpretProgram, runExecutable, runReference } from "../execute.ts";
import { kernelProgram } from "../kernel-program.ts";

export interface KernelFault {
  readonly kernel: Kernel;
  /** The name of the parameter with wrong elements. */
  readonly buffer: string;
  readonly difference: Difference;
}

/** Launches of each kernel that are looked at: a loop may have thousands. */
const LAUNCHES = 4;

/** The elements of parameter i in its memory. */
function contents({ params }: Kernel, memory: readonly DataView[], i: number): RefTensor {
  const { dtype, size } = params[i];
  const { buffer, byteOffset } = memory[i];
  const bytes = new Uint8Array(buffer, byteOffset, size * DTYPE_INFO[dtype].bytes).slice();
  return fromBytes(tensorType(dtype, [size]), bytes);
}

function positions({ params }: Kernel, not: "read" | "write"): number[] {
  return [...params.keys()].filter((i) => params[i].access !== not);
}

/**
 * The first kernel whose code, run alone on what the interpreter has in memory, leaves other elements than the
 * interpreter; null where each does as it says, and it is the schedule that is wrong.
 */
export function wronglyGenerated(
  program: Program,
  inputs: readonly RefTensor[],
  generate: (program: Program) => WasmExecutable,
  tolerance: Partial<Tolerance>,
): KernelFault | null {
  const launches = new Map<Kernel, number>();
  let fault: KernelFault | null = null;
  interpretProgram(program, inputs, (kernel, memory, run) => {
    const count = launches.get(kernel) ?? 0;
    launches.set(kernel, count + 1);
    if (fault !== null || count >= LAUNCHES) return run();
    const given = positions(kernel, "write").map((i) => contents(kernel, memory, i));
    run();
    const written = positions(kernel, "read");
    const results = runExecutable(generate(kernelProgram(kernel)), given);
    for (const [at, i] of written.entries()) {
      const difference = firstDifference([results[at]], [contents(kernel, memory, i)], tolerance);
      if (difference !== null) fault ??= { kernel, buffer: kernel.params[i].name, difference };
    }
  });
  return fault;
}

/**
 * The first kernel that leaves other elements in memory than the value of the graph that it computes has; null where
 * none does, and it is the plan of memory or the schedule that is wrong. Kernels within loops are not looked at.
 */
export function wronglyLowered(
  { program, origins }: AssembledProgram,
  graph: Graph,
  inputs: readonly RefTensor[],
  tolerance: Partial<Tolerance>,
): KernelFault | null {
  const values = graph.equations.flatMap(({ outputs }) => outputs);
  const references = runReference(new Graph(graph.name, graph.inputs, graph.equations, values), inputs);
  const expected = new Map(values.map((value, i) => [value, references[i]]));
  /** The last launch that writes each value: before it the value may be there in part. */
  const last = new Map<Value, string>();
  const made = (kernel: Kernel): (readonly [i: number, value: Value])[] => {
    const origin = origins.get(kernel.name);
    if (origin === undefined || origin.plan.graph !== graph) return [];
    return positions(kernel, "read").flatMap((i) => {
      const value = origin.operands[i];
      return value instanceof Value && expected.has(value) ? [[i, value] as const] : [];
    });
  };
  const kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
  for (const step of program.schedule) {
    const kernel = step.kind === "launch" ? kernels.get(step.kernel) : undefined;
    if (kernel !== undefined) for (const [, value] of made(kernel)) last.set(value, kernel.name);
  }
  let fault: KernelFault | null = null;
  interpretProgram(program, inputs, (kernel, memory, run) => {
    run();
    if (fault !== null) return;
    for (const [i, value] of made(kernel)) {
      const reference = expected.get(value);
      if (reference === undefined || last.get(value) !== kernel.name) continue;
      const flat = { ...reference, type: tensorType(reference.type.dtype, [reference.type.size]) };
      const difference = firstDifference([contents(kernel, memory, i)], [flat], tolerance);
      if (difference !== null) fault ??= { kernel, buffer: kernel.params[i].name, difference };
    }
  });
  return fault;
}
