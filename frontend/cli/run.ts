/** `weft run`: runs a TypeScript program with this package as its `weft`. */

import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setCompileWatcher } from "../core/backend.ts";
import { device, type Platform, setDefaultDevice } from "../core/device.ts";
import { dumpsOperations } from "../inspect/environment.ts";
import type { IrDump } from "../inspect/ir-dump.ts";
import { allObservers } from "../inspect/recording.ts";
import { bundleProgram, existingFile } from "./bundle.ts";
import { CompiledFunctions } from "./compiled-functions.ts";
import { openDump } from "./dump-folder.ts";
import { describeError, EXIT, InputError } from "./errors.ts";
import { compileProgress } from "./progress.ts";
import { mapStackTraces } from "./stack-traces.ts";

export interface RunOptions {
  readonly device?: Platform;
  readonly dump?: string;
  readonly json?: boolean;
}

/** Node's exit code where a top-level await can never be settled. */
const UNSETTLED_AWAIT = 13;

const MAIN_FILES = ["main.ts", "main.mts", "main.js", "main.mjs"];

/** The file of a program: the one the user named, or the main file of that folder. Throws InputError for a folder without. */
function programFile(name: string): string {
  if (!existsSync(name) || !statSync(name).isDirectory()) return name;
  const main = MAIN_FILES.map((each) => path.join(name, each)).find((each) => existsSync(each));
  if (main === undefined) throw new InputError(`the folder ${name} has no main.ts: name the file to run`);
  return main;
}

/** Runs the file, or the main file of the folder, until its top level is through; timers and servers may keep the process alive after that. */
export async function run(
  name: string,
  args: readonly string[],
  options: RunOptions,
  verbose: boolean,
): Promise<void> {
  let dump: IrDump | null = null;
  const compiled = new CompiledFunctions();
  const json = options.json === true;
  await runProgram(name, args, verbose, {
    async beforeStart() {
      if (options.device !== undefined) setDefaultDevice(await device(options.device));
      dump = await openDump(options.dump);
      const dumped = dump?.watcher(dumpsOperations());
      setCompileWatcher((graph, donated, purpose) => {
        const files = dumped?.(graph, donated, purpose);
        if (purpose === "operation") return files ?? null;
        const bar = compileProgress(`compiling ${graph.name}`);
        if (!json && files === undefined && bar === null) return null;
        return allObservers(files, json ? compiled.observe(graph) : null, bar);
      });
      // stdout is for what was asked for.
      if (json) process.stdout.write = process.stderr.write.bind(process.stderr);
    },
    onEnd(exitCode) {
      dump?.finish();
      const summary = dump?.summary();
      if (summary) console.error(summary);
      if (json) {
        const report = { program: name, exitCode, compiled: compiled.list, dump: options.dump ?? null };
        writeFileSync(1, `${JSON.stringify(report, null, 2)}\n`);
      }
    },
  });
}

export interface RunHooks {
  /** The file is found and parsed; nothing of it has run. */
  beforeStart?(): Promise<void>;
  /** The process is about to exit. */
  onEnd?(exitCode: number): void;
}

/** Runs a program as this process. */
export async function runProgram(
  name: string,
  args: readonly string[],
  verbose: boolean,
  hooks: RunHooks,
): Promise<void> {
  const file = programFile(name);
  const bundle = await bundleProgram(file);
  await hooks.beforeStart?.();
  mapStackTraces(verbose);
  const fail = (error: unknown): never => {
    console.error(`weft: ${name} failed\n${describeError(error, verbose)}`);
    process.exit(EXIT.input);
  };
  // Of rejected promises too. A program with a handler of its own knows what it does.
  process.on("uncaughtException", (error) => {
    if (process.listenerCount("uncaughtException") === 1) fail(error);
  });
  process.on("exit", (code) => {
    // Node 20 has set the exit code, later versions pass it.
    if (code === UNSETTLED_AWAIT || process.exitCode === UNSETTLED_AWAIT) {
      console.error(`weft: ${name} awaits a promise at its top level that nothing can settle any more`);
      process.exitCode = EXIT.input;
    }
    hooks.onEnd?.(Number(process.exitCode ?? code));
  });
  process.argv = [process.execPath, existingFile(file), ...args];
  await bundle.import().catch(fail);
}
