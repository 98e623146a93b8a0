/**
 * Finds the first pass after which a graph's results change, and of fusion the first choice: each stage is run, graphs
 * and programs on their interpreters and the module by the engine, and compared with the reference's results for the
 * graph as it was given.
 */

import { countTranscendentals } from "../../../compiler/analysis/cost.ts";
import { programCost } from "../../../compiler/analysis/program-cost.ts";
import type { AssembledProgram } from "../../../compiler/assembly/assemble.ts";
import { asChosen, type FusionChoice } from "../../../compiler/fusion/policy.ts";
import { Graph } from "../../../compiler/graph/graph.ts";
import type { RefTensor } from "../../../compiler/graph/reference.ts";
import { PassRunner } from "../../../compiler/pass-runner.ts";
import {
  assemblyPass,
  type CompilerPlugin,
  fusionPass,
  graphPasses,
  verifyArtifact,
  wasmPass,
} from "../../../compiler/pipeline.ts";
import { compileWasm } from "../../../compiler/targets/wasm/compile.ts";
import { type Difference, firstDifference, type Tolerance } from "../compare-results.ts";
import { interpretProgram, runExecutable, runReference } from "../execute.ts";
import { FusionLimit } from "./fusion-limit.ts";
import { type KernelFault, wronglyGenerated, wronglyLowered } from "./kernel-fault.ts";

export interface BisectInput {
  readonly graph: Graph;
  readonly inputs: readonly RefTensor[];
  readonly donated: readonly boolean[];
  readonly plugin: CompilerPlugin;
  readonly tolerance: Partial<Tolerance>;
}

/** What a pass did to the results. */
export interface PassVerdict {
  readonly pass: string;
  readonly verdict: "unchanged" | "same" | "differs" | "crashed";
}

export interface Culprit {
  readonly pass: string;
  readonly kind: "mismatch" | "crash";
  /** The first choice of fusion after which results change, and how many come before it. */
  readonly choice: { readonly choice: FusionChoice; readonly number: number } | null;
  /** The kernel that is to blame, where the fault is in its lowering or its code. */
  readonly kernel: KernelFault | null;
  readonly difference: Difference | null;
  /** Of what was thrown. */
  readonly message: string | null;
}

export interface BisectResult {
  readonly verdicts: readonly PassVerdict[];
  /** Null where no pass changes the results. */
  readonly culprit: Culprit | null;
}

/** Operations of a program from which on its kernels are not interpreted, but compiled: the interpreter is slow. */
const INTERPRETED = 2e7;

/** `onPass` is told of each pass before it runs. Throws what the reference throws. */
export function bisectPasses(given: BisectInput, onPass: (name: string) => void): BisectResult {
  const { graph, inputs, donated, plugin, tolerance } = given;
  const expected = runReference(graph, inputs);
  const verdicts: PassVerdict[] = [];
  const runner = new PassRunner({ donated }, verifyArtifact, null);
  const differs = (results: readonly RefTensor[]): Difference | null =>
    firstDifference(results, expected, tolerance);
  /** Runs a pass and then `judge` on what it made; the culprit if it is one. */
  const step = <T>(name: string, run: () => T, judge: (made: T) => Difference | null): T | Culprit => {
    onPass(name);
    try {
      const made = run();
      const difference = judge(made);
      verdicts.push({ pass: name, verdict: difference === null ? "same" : "differs" });
      return difference === null
        ? made
        : { pass: name, kind: "mismatch", choice: null, kernel: null, difference, message: null };
    } catch (error) {
      verdicts.push({ pass: name, verdict: "crashed" });
      const message = messageOf(error);
      return { pass: name, kind: "crash", choice: null, kernel: null, difference: null, message };
    }
  };

  let current = graph;
  for (const pass of graphPasses(plugin)) {
    const before = current;
    const made = step(
      pass.name,
      () => runner.run("graph", pass, before),
      (after) => (after === before ? null : differs(runReference(after, inputs))),
    );
    if (isCulprit(made)) return { verdicts, culprit: made };
    if (made === before) verdicts[verdicts.length - 1] = { pass: pass.name, verdict: "unchanged" };
    current = made;
  }

  const lower = (policy = plugin.fusion ?? asChosen): AssembledProgram => {
    const own = new PassRunner({ donated }, verifyArtifact, null);
    return own.run("program", assemblyPass(plugin), own.run("fusion", fusionPass(policy), current));
  };
  const generate = plugin.wasm ?? compileWasm;
  const runLowered = ({ program }: AssembledProgram): RefTensor[] =>
    isSmall(program) ? interpretProgram(program, inputs) : runExecutable(generate(program), inputs);
  const assembled = step("fusion and assembly", lower, (made) => differs(runLowered(made)));
  if (isCulprit(assembled)) {
    const found = bisectFusion(assembled, (limit) => differs(runLowered(lower(limit.policy))), plugin);
    verdicts[verdicts.length - 1] = {
      pass: found.pass,
      verdict: found.kind === "crash" ? "crashed" : "differs",
    };
    // Without any fusion each kernel makes values of the graph, which say whether it is right.
    const kernel =
      found.pass === "assembly" && found.kind === "mismatch"
        ? wronglyLowered(
            lower(new FusionLimit(0, plugin.fusion ?? asChosen).policy),
            current,
            inputs,
            tolerance,
          )
        : null;
    return { verdicts, culprit: { ...found, kernel } };
  }
  const module = step(
    "wasm",
    () => runner.run("wasm", wasmPass(plugin), assembled),
    (made) => differs(runExecutable(made, inputs)),
  );
  if (!isCulprit(module)) return { verdicts, culprit: null };
  const { program } = assembled;
  const kernel =
    module.kind === "mismatch" && isSmall(program)
      ? wronglyGenerated(program, inputs, generate, tolerance)
      : null;
  return { verdicts, culprit: { ...module, kernel } };
}

/**
 * Where results differ, or something is thrown, with all choices of fusion and not with none: the first choice that
 * makes it so. With none at all it is the assembly's fault.
 */
function bisectFusion(
  found: Culprit,
  differs: (limit: FusionLimit) => Difference | null,
  { fusion = asChosen }: CompilerPlugin,
): Culprit {
  const attempt = (n: number): { readonly culprit: Culprit | null; readonly limit: FusionLimit } => {
    const limit = new FusionLimit(n, fusion);
    try {
      const difference = differs(limit);
      return { culprit: difference && { ...found, kind: "mismatch", difference, message: null }, limit };
    } catch (error) {
      return { culprit: { ...found, kind: "crash", difference: null, message: messageOf(error) }, limit };
    }
  };
  const none = attempt(0);
  if (none.culprit !== null) return { ...none.culprit, pass: "assembly" };
  let good = 0;
  let bad = attempt(Number.POSITIVE_INFINITY).limit.count;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (attempt(middle).culprit === null) good = middle;
    else bad = middle;
  }
  const { culprit, limit } = attempt(bad);
  if (culprit === null || limit.last === null) return { ...found, pass: "fusion" };
  return { ...culprit, pass: "fusion", choice: { choice: limit.last, number: bad } };
}

function isSmall(program: AssembledProgram["program"]): boolean {
  const { total } = programCost(program);
  const moved = total.bytesRead + total.bytesWritten;
  return total.flops + total.integerOps + 20 * countTranscendentals(total) + moved < INTERPRETED;
}

function isCulprit(x: unknown): x is Culprit {
  return typeof x === "object" && x !== null && "difference" in x && "choice" in x && !(x instanceof Graph);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
