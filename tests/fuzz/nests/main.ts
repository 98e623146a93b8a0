/** Runs many programs, and reports what fails: shrunk, with its graph, and how to run it again. */
import { jit, type NdArray, spec } from "weft";
import { checkProgram, type Failure, programOf, sampleOf } from "./check.ts";
import { evaluateInWeft } from "./evaluate.ts";
import { type Program, printProgram } from "./program.ts";
import { shrink } from "./shrink.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  readonly seconds: number;
  readonly log: (line: string) => void;
}

/** Checks programs of successive seeds; returns how many fail. `save` writes a file and returns its name. */
export function fuzzNests(options: FuzzOptions, save: (name: string, text: string) => string): number {
  const { seed, count, seconds, log } = options;
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  let failed = 0;
  let done = 0;
  for (; done < count && elapsed() < seconds; done++) {
    const program = programOf(seed + done);
    // A single program is checked in all ways.
    const outcome = checkProgram(program, count === 1 ? undefined : sampleOf(seed + done));
    if (outcome.kind === "failed") {
      failed++;
      const shrunk = shrink(program, outcome.failure);
      const file = save(`nest-${seed + done}.json`, `${JSON.stringify(shrunk.program)}\n`);
      log(
        `${describeFailure(seed + done, shrunk.program, shrunk.failure)}\nshrunk: npm run fuzz -- --program ${file}\n`,
      );
    }
    if ((done + 1) % 500 === 0) log(`${done + 1} programs, ${failed} failures, ${elapsed().toFixed(0)} s`);
  }
  log(
    `${done} programs from seed ${seed}: ${failed === 0 ? "all agree" : `${failed} FAIL`} (${elapsed().toFixed(1)} s)`,
  );
  return failed;
}

/** Runs one program again; returns the exit code. */
export function replayNest(program: Program, log: (line: string) => void): number {
  const outcome = checkProgram(program);
  log(
    outcome.kind === "failed"
      ? describeFailure(null, program, outcome.failure)
      : `${printProgram(program)}\n${outcome.kind}`,
  );
  return outcome.kind === "failed" ? 1 : 0;
}

/** The failure, the program and its graph, and the command that runs it again. */
export function describeFailure(seed: number | null, program: Program, { check, message }: Failure): string {
  const again = seed === null ? [] : [`again: npm run fuzz -- --seed ${seed}`];
  return [`FAILED, ${check}: ${message}`, ...again, printProgram(program), graphText(program)].join("\n");
}

function graphText({ dtype, main }: Program): string {
  try {
    const f = (...xs: NdArray[]): NdArray[] => evaluateInWeft(main, xs);
    return jit(f)
      .lower(...main.params.map(({ shape }) => spec([...shape], dtype)))
      .asText();
  } catch (error) {
    return `no graph: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
  }
}
