/** The commands, their options and help; exit codes. */
import { Command, CommanderError, Option } from "commander";
import { STAGES } from "../inspect/stage-text.ts";
import { VERSION } from "../inspect/version.ts";
import { type DumpOptions, dump } from "./dump.ts";
import { describeError, EXIT, UsageError } from "./errors.ts";
import { type OptOptions, opt } from "./opt.ts";
import { type RunOptions, run } from "./run.ts";
import { verify } from "./verify.ts";

const EXAMPLES = `
Examples:
  weft run train.ts --dump out/ir -- --epochs 10
  weft dump model.ts#loss --args '{w: f32[2,1], b: f32[1]}, f32[63,2]'
  weft dump model.ts#loss --args 'f32[3]' --stage kernel
  weft opt loss.ir --passes inline_calls,simplify
  weft verify out/ir/m0000.loss.0000.graph.traced.ir

WEFT_DUMP=DIR dumps what any command, and any program that uses weft, compiles.
WEFT_DUMP_EAGER=1 dumps single operations of eager execution too. WEFT_DEBUG=1 is --verbose.

Exit codes: 0 all is well, 1 the input is wrong or the program failed, 2 the command line is wrong.
`;

const RUN_HELP = `
What follows -- is the program's own: process.argv.slice(2).

Example:
  weft run samples/auto-insurance --dump out/ir
`;

const DUMP_HELP = `
FILE#EXPORT names an exported function; without #EXPORT it is the default export, or the only function.
A file may export exampleArgs, a list of arguments, for when --args is absent.

Arguments are arrays and trees of them, separated by commas:
  f32[63,1]              an array; f32[] is a scalar, f32[]* a weakly typed one
  {w: f32[2], b: f32[]}  an object      [f32[3], i32[]]  a list      null  an empty tree
  50  "relu"  true       static: compiled in
The dtypes are bool i8 u8 i16 u16 i32 u32 f16 f32 f64, or their long names.

Examples:
  weft dump model.ts#loss --args 'f32[3], f32[3]' --stage optimized --format jaxpr
  weft dump model.ts#loss --args 'f32[3], f32[3]' --out out/ir
`;

const OPT_HELP = `
FILE is a graph as dumps and asText() have it, or - for stdin. After the passes of graphs may come fusion, assembly
and wasm. A program may be given for the pass wasm.

Examples:
  weft opt out/ir/m0000.loss.0000.graph.traced.ir --passes inline_calls,simplify --print-after-all
  weft dump model.ts#loss --args 'f32[3]' --stage graph | weft opt - --passes simplify
`;

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
    // Servers and timers of the user's file must not keep a failed command alive.
    if (args[0] === "dump") process.exit();
  }
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

function program(verbose: boolean): Command {
  const weft = new Command("weft")
    .description("Runs programs written with Weft, and shows what it compiles them to.")
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "print help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "weft: ")) })
    .addHelpText("after", EXAMPLES);
  const verboseOption = (): Option => new Option("--verbose", "print whole stacks of errors");

  weft
    .command("run")
    .description("run a TypeScript or JavaScript program")
    .argument("<file>", "the program, or a folder with a main.ts")
    .argument("[args...]", "its arguments, behind --")
    .option("--dump <dir>", "write the IR of everything that is compiled")
    .addOption(verboseOption())
    .showHelpAfterError("A program's own options stand behind --: weft run FILE -- --epochs 10")
    .addHelpText("after", RUN_HELP)
    .action((file: string, args: string[], options: RunOptions) => run(file, args, options, verbose));

  weft
    .command("dump")
    .description("print the IR of an exported function at every stage")
    .argument("<file#export>", "the file and the function")
    .option("--args <list>", "shapes and dtypes of the arguments, as in 'f32[63,1], f32[]'")
    .addOption(new Option("--stage <stage>", "one stage only").choices([...STAGES]))
    .option("--out <dir>", "write a file per pass and kernel, and a manifest, instead of printing")
    .addOption(
      new Option("--format <format>", "how graphs are printed").choices(["text", "jaxpr"]).default("text"),
    )
    .option("--json", "print the stages as JSON")
    .addOption(verboseOption())
    .addHelpText("after", DUMP_HELP)
    .action(async (target: string, options: DumpOptions) => {
      await dump(target, options, verbose);
      process.exit();
    });

  weft
    .command("opt")
    .description("run passes on a graph")
    .argument("<file>", "a file of IR, or -")
    .option("--passes <list>", "names of passes, separated by commas; by default all passes of graphs")
    .option("--print-after-all", "print what each pass makes")
    .option("--donate <list>", "positions of inputs that may be overwritten, as in 0,2")
    .addOption(verboseOption())
    .addHelpText("after", OPT_HELP)
    .action((file: string, options: OptOptions) => opt(file, options));

  weft
    .command("verify")
    .description("check a graph, kernel or program")
    .argument("<file>", "a file of IR, or -")
    .addOption(verboseOption())
    .action((file: string) => verify(file));
  return weft;
}
