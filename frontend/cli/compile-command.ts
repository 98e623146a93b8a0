/** The options and the help of `weft compile`. */
import { type Command, Option } from "commander";
import { EXPORT_TARGETS } from "../aot/build.ts";
import { type CompileCommandOptions, compile } from "./compile.ts";

const COMPILE_HELP = `
Writes, for a function called step:
  step.js, step.d.ts    an ES module and its types: const step = await load(); step({ w, b }, x)
  step.wasm             the program; both SIMD variants
  step.wgsl.json        with --target webgpu or both: shaders, buffers and schedule
  step.safetensors      arrays that the function uses, if there are any
  weft-loader.js, .d.ts what runs it, without the compiler; for WebGPU weft-webgpu.js

With --target both, load() gives the function on WebAssembly, load({ device: "webgpu" }) on a GPU, where calls return
promises.

FILE#EXPORT, --args and exampleArgs are as for weft dump. An extent in --args may be a name, whose sizes --sizes gives: a
program is compiled for each, and the call picks one.

Examples:
  weft compile model.ts#step --args '{w: f32[2,1], b: f32[1]}, f32[200,2]' --out out/step
  weft compile model.ts#predict --args 'f32[batch,784]' --sizes batch=1,32 --pad --out out/predict
  weft compile model.ts#step --target both --out out/step
  weft compile model.ts#predict --bundle --html --out public
`;

/** Adds the command. */
export function addCompile(weft: Command, verbose: boolean): void {
  weft
    .command("compile")
    .description("compile an exported function to files that run without Weft")
    .argument("<file#export>", "the file and the function")
    .option("--args <list>", "shapes and dtypes of the arguments, as in 'f32[63,1], f32[]'")
    .requiredOption("--out <dir>", "the folder to write")
    .addOption(
      new Option("--target <target>", "what it is compiled for").choices([...EXPORT_TARGETS]).default("wasm"),
    )
    .option("--sizes <name=list...>", "the sizes of a name in --args, as in b=1,8,32")
    .option("--pad", "fill sizes in between up to the next larger one")
    .option("--bundle", "one ES module with everything in it")
    .option("--html", "a web page with a form that runs it, everything in it")
    .option("--json", "print the files and the interface as JSON")
    .option("--verbose", "print whole stacks of errors")
    .addHelpText("after", COMPILE_HELP)
    .action((target: string, options: CompileCommandOptions) => compile(target, options, verbose));
}
