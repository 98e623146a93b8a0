/** The commands and their options; exit codes. */
import { Argument, Command, CommanderError, Option } from "commander";
import { PLATFORMS } from "../core/device.ts";
import { STAGES, TARGETS } from "../inspect/stages.ts";
import { VERSION } from "../inspect/version.ts";
import { type BisectOptions, bisect } from "./bisect.ts";
import { addCompile } from "./compile-command.ts";
import { COMPLETION_HELP, completionData, completionScript, SHELLS, type Shell } from "./completion.ts";
import { type DiffOptions, diffDumps } from "./diff-dumps.ts";
import { type DumpOptions, dump } from "./dump.ts";
import { describeError, EXIT, UsageError } from "./errors.ts";
import {
  BISECT_HELP,
  DIFF_HELP,
  DUMP_HELP,
  EXAMPLES,
  INSPECT_HELP,
  OPT_HELP,
  PROFILE_HELP,
  REDUCE_HELP,
  RUN_HELP,
  VERIFY_HELP,
} from "./help.ts";
import { type InspectOptions, inspect } from "./inspect.ts";
import { type OptOptions, opt } from "./opt.ts";
import { print } from "./output.ts";
import { type ProfileOptions, profile } from "./profile.ts";
import { type ReduceOptions, reduce } from "./reduce.ts";
import { type RunOptions, run } from "./run.ts";
import { isIrFile, type RunIrOptions, refuseIrOptions, runIr } from "./run-ir.ts";
import { type VerifyOptions, verify } from "./verify.ts";

/** Commands that import the user's code: servers and timers of it must not keep a failed command alive. */
const IMPORTING: ReadonlySet<string> = new Set(["dump", "compile", "bisect", "reduce"]);

/**
 * Runs a command line. Sets the exit code; ends the process only where the user's code might keep it alive.
 * `verbose`: errors show whole stacks (`--verbose` or WEFT_DEBUG).
 */
export async function main(args: readonly string[], verbose: boolean): Promise<void> {
  // `weft dump … | head`: nobody reads on, and that is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.ok);
    throw error;
  });
  try {
    await program(verbose).parseAsync([...args], { from: "user" });
  } catch (error) {
    process.exitCode = report(error, verbose);
  }
  if (IMPORTING.has(args[0])) process.exit();
}

function report(error: unknown, verbose: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has printed it already.
    const asked = error.code === "commander.helpDisplayed" || error.code === "commander.version";
    return asked ? EXIT.ok : EXIT.usage;
  }
  console.error(`weft: ${describeError(error, verbose)}`);
  return error instanceof UsageError ? EXIT.usage : EXIT.input;
}

/** A command with what all have. */
function command(weft: Command, name: string, description: string, help: string): Command {
  return weft
    .command(name)
    .description(description)
    .option("--verbose", "print whole stacks of errors")
    .addHelpText("after", help);
}

const ARGS = ["--args <list>", "shapes and dtypes of the arguments, as in 'f32[63,1], f32[]'"] as const;
const JSON_FLAG = ["--json", "print the result as JSON"] as const;
const PLUGIN = ["--plugin <file>", "change the passes or the choices of fusion"] as const;
const INPUTS = ["--inputs <files...>", "NumPy files of the inputs, in order"] as const;
const SEED = ["--seed <n>", "random inputs, from this seed"] as const;
const DONATE = ["--donate <list>", "positions of inputs that may be overwritten, as in 0,2"] as const;
const RTOL = ["--rtol <x>", "accepted difference relative to an element (by default by dtype)"] as const;
const ATOL = ["--atol <x>", "accepted difference beyond that, relative to the largest element"] as const;

/** All commands. `verbose`: errors show whole stacks. */
export function program(verbose: boolean): Command {
  const weft = new Command("weft")
    .description("Runs programs written with Weft, and shows what it compiles them to.")
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "print help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "weft: ")) })
    .addHelpText("after", EXAMPLES);
  addRun(weft, verbose);
  addDump(weft, verbose);
  addCompile(weft, verbose);
  addIrCommands(weft);
  addInspect(weft, verbose);
  addProfile(weft, verbose);
  addSearches(weft);
  command(weft, "completion", "print a script that completes commands in a shell", COMPLETION_HELP)
    .addArgument(new Argument("<shell>", "the shell").choices([...SHELLS]))
    .option("--json", "print the script, and the commands and options it completes, as JSON")
    .action((shell: Shell, { json }: { readonly json?: boolean }) => {
      const script = completionScript(weft, shell);
      const data = { shell, script, ...completionData(weft) };
      return print(json === true ? `${JSON.stringify(data, null, 2)}\n` : script);
    });
  return weft;
}

function addRun(weft: Command, verbose: boolean): void {
  command(weft, "run", "run a TypeScript or JavaScript program, or a file of IR", RUN_HELP)
    .argument("<file>", "the program, a folder with a main.ts, or a file of IR")
    .argument("[args...]", "its arguments, behind --")
    .addOption(
      new Option("--device <device>", "what a program computes on, unless it says itself").choices(PLATFORMS),
    )
    .option("--dump <dir>", "write the IR of everything that is compiled")
    .option(...INPUTS)
    .option(...SEED)
    .option("--outputs <stem>", "write the results of IR as NumPy files: STEM.0.npy, STEM.1.npy, …")
    .option("--reference", "compare the results of IR with the interpreter's")
    .option(...RTOL)
    .option(...ATOL)
    .option(...PLUGIN)
    .option(...JSON_FLAG)
    .showHelpAfterError("A program's own options stand behind --: weft run FILE -- --epochs 10")
    .action(async (file: string, args: string[], options: RunOptions & RunIrOptions) => {
      if (isIrFile(file)) return runIr(file, args, options);
      refuseIrOptions(file, options);
      return run(file, args, options, verbose);
    });
}

function addDump(weft: Command, verbose: boolean): void {
  command(weft, "dump", "print the IR of an exported function at every stage", DUMP_HELP)
    .argument("<file#export>", "the file and the function")
    .option(...ARGS)
    .addOption(new Option("--stage <stage>", "one stage only").choices([...STAGES]))
    .addOption(new Option("--target <target>", "what it is compiled for").choices([...TARGETS]))
    .option("--pass <names>", "what these passes made; all for every pass")
    .option(
      "--kernel <name>",
      "of kernels only this one: its name, its number as in k3, or a part of its name",
    )
    .option("--diff <range>", "compare two passes or stages, A..B, or what one pass was given and made")
    .option("--out <dir>", "write a file per pass and kernel, and a manifest, instead of printing")
    .addOption(
      new Option("--format <format>", "text, graphs as JAX prints them, data, or Graphviz")
        .choices(["text", "jaxpr", "json", "dot"])
        .default("text"),
    )
    .option("--json", "the same as --format json")
    .option(...PLUGIN)
    .action((target: string, options: DumpOptions) => dump(target, options, verbose));
}

function addInspect(weft: Command, verbose: boolean): void {
  command(weft, "inspect", "write an HTML page about everything the compiler did", INSPECT_HELP)
    .argument("<file#export>", "the file and the function, or a graph")
    .option(...ARGS)
    .option("--out <file>", "the page (default: the function's name and .html)")
    .addOption(new Option("--device <device>", "where kernels are timed").choices(PLATFORMS).default("wasm"))
    .option("--no-run", "do not run the kernels to time them")
    .option(...DONATE)
    .option(...PLUGIN)
    .option("--json", "print the page's data instead")
    .action((target: string, options: InspectOptions) => inspect(target, options, verbose));
}

function addProfile(weft: Command, verbose: boolean): void {
  command(weft, "profile", "run a program or a function and time its kernels", PROFILE_HELP)
    .argument("<file#export>", "a program, a function, or a graph")
    .argument("[args...]", "a program's arguments, behind --")
    .option(...ARGS)
    .addOption(new Option("--device <device>", "where a function runs").choices(PLATFORMS).default("wasm"))
    .option("--repeat <n>", "calls of a function", "100")
    .option("--trace <file>", "write a trace for chrome://tracing")
    .option(...INPUTS)
    .option(...SEED)
    .option(...JSON_FLAG)
    .showHelpAfterError("A program's own options stand behind --: weft profile FILE -- --epochs 10")
    .action((target: string, args: string[], options: ProfileOptions) =>
      profile(target, args, options, verbose),
    );
}

function addIrCommands(weft: Command): void {
  command(weft, "opt", "run passes on a graph", OPT_HELP)
    .argument("<file>", "a file of IR, or -")
    .option("--passes <list>", "names of passes, separated by commas; by default all passes of graphs")
    .option("--print-after-all", "print what each pass makes")
    .option(...DONATE)
    .option(...PLUGIN)
    .option(...JSON_FLAG)
    .action((file: string, options: OptOptions) => opt(file, options));
  command(weft, "verify", "check a graph, kernel or program", VERIFY_HELP)
    .argument("<file>", "a file of IR, or -")
    .option(...JSON_FLAG)
    .action((file: string, options: VerifyOptions) => verify(file, options));
  command(weft, "diff", "compare two dumps", DIFF_HELP)
    .argument("<before>", "a folder of a dump")
    .argument("<after>", "another one")
    .option("--pass <names>", "only these passes, separated by commas")
    .option("--kernel <name>", "only kernels of this name")
    .option("--brief", "only what differs, and not how")
    .option(...JSON_FLAG)
    .action((before: string, after: string, options: DiffOptions) => diffDumps(before, after, options));
}

function addSearches(weft: Command): void {
  command(weft, "bisect", "find the pass or the choice of fusion after which results change", BISECT_HELP)
    .argument("<file>", "a graph as it was traced, or -")
    .option(...INPUTS)
    .option(...SEED)
    .option(...DONATE)
    .option(...RTOL)
    .option(...ATOL)
    .option(...PLUGIN)
    .option(...JSON_FLAG)
    .action((file: string, options: BisectOptions) => bisect(file, options));
  command(weft, "reduce", "shrink a graph that fails", REDUCE_HELP)
    .argument("<file>", "a graph, or -")
    .addOption(
      new Option("--fails <how>", "what is wrong with it").choices(["mismatch", "crash"]).default("mismatch"),
    )
    .option("--command <cmd>", "a command that shows by its exit code whether it still fails")
    .option("--out <file>", "write the graph here, and its inputs beside it, instead of printing")
    .option("--seconds <n>", "stop after this time", "60")
    .option(...INPUTS)
    .option(...SEED)
    .option(...RTOL)
    .option(...ATOL)
    .option(...PLUGIN)
    .option(...JSON_FLAG)
    .action((file: string, options: ReduceOptions) => reduce(file, options));
}
