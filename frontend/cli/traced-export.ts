/** An export of a user's file, traced for the arguments that the command line or the file gives. */
import { existsSync } from "node:fs";
import type { Lowered } from "../transforms/stages.ts";
import type { AnyFunction } from "../transforms/types.ts";
import { bundleProgram } from "./bundle.ts";
import { type ChosenExport, chooseExport, exampleArguments, splitTarget } from "./exports.ts";
import { noArguments, parseGiven } from "./given-arguments.ts";
import { lowerExport } from "./lower-export.ts";
import { withStdoutOnStderr } from "./output.ts";
import { mapStackTraces } from "./stack-traces.ts";

/** Options of `trace`, `startTrace` and `traceExport`. */
export interface TraceOptions {
  /** The text of --args; the file's `exampleArgs` where it is absent. */
  readonly args: string | undefined;
  readonly verbose: boolean;
  /** The command, for a hint about --args. */
  readonly command: string;
  /** Runs when the file is bundled and before it is imported. */
  readonly beforeImport?: () => Promise<void>;
}

export interface TracedExport {
  readonly chosen: ChosenExport;
  readonly lowered: Lowered<AnyFunction>;
  /** What it was traced for: arrays where the file's `exampleArgs` holds them, else shapes and dtypes. */
  readonly args: readonly unknown[];
  readonly file: string;
}

/** Imports the file and traces the function. What the file prints goes to stderr. */
export async function traceExport(target: string, options: TraceOptions): Promise<TracedExport> {
  const { args: text, verbose, command, beforeImport } = options;
  const given = text === undefined ? null : parseGiven(text);
  const [file, wanted] = splitTarget(target, existsSync);
  const bundle = await bundleProgram(file);
  await beforeImport?.();
  mapStackTraces(verbose);
  return withStdoutOnStderr(async () => {
    const module = await bundle.import();
    const chosen = chooseExport(module, file, wanted);
    const args =
      given ?? (await exampleArguments(module, file, chosen)) ?? noArguments(chosen, target, command);
    return { lowered: lowerExport(chosen, args), chosen, args, file };
  });
}
