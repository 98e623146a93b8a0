/** What `--help` says beyond the lists of options. */

export const EXAMPLES = `
Examples:
  weft run train.ts --dump out/ir -- --epochs 10
  weft dump model.ts#loss --args '{w: f32[2,1], b: f32[1]}, f32[63,2]'
  weft dump model.ts#loss --args 'f32[3]' --stage kernel
  weft inspect model.ts#loss --args 'f32[3]' --out loss.html
  weft profile train.ts --trace trace.json
  weft opt loss.ir --passes inline_calls,simplify
  weft run loss.ir --inputs x.npy --reference
  weft bisect loss.ir --inputs x.npy

WEFT_DUMP=DIR dumps what any command, and any program that uses weft, compiles.
WEFT_DUMP_EAGER=1 dumps single operations of eager execution too. WEFT_DEBUG=1 is --verbose.

Exit codes: 0 all is well, 1 the input is wrong, the program failed or a difference was found, 2 the command line is
wrong.
`;

export const RUN_HELP = `
What follows -- is the program's own: process.argv.slice(2). --device is where it computes by default: webgpu is a GPU, or
software where there is none.

A file of IR (.ir: a graph, kernel or program) is compiled and run on arrays: NumPy files by --inputs, or random ones by
--seed. --reference compares the results with an interpreter in double precision; exit code 1 says that they differ.

With --json what a program prints goes to stderr, and at its end stdout gets what it has compiled.

Examples:
  weft run samples/auto-insurance --dump out/ir
  weft run samples/line-fit --device webgpu
  weft run loss.ir --inputs w.npy x.npy --outputs out/loss
  weft run loss.ir --seed 0 --reference
`;

export const ARGUMENTS_HELP = `
FILE#EXPORT names an exported function; without #EXPORT it is the default export, or the only function.
A file may export exampleArgs, a list of arguments, for when --args is absent.

Arguments are arrays and trees of them, separated by commas:
  f32[63,1]              an array; f32[] is a scalar, f32[]* a weakly typed one
  {w: f32[2], b: f32[]}  an object      [f32[3], i32[]]  a list      null  an empty tree
  50  "relu"  true       static: compiled in
The dtypes are bool i8 u8 i16 u16 i32 u32 f16 f32 f64, or their long names.
`;

export const DUMP_HELP = `${ARGUMENTS_HELP}
--pass takes names or numbers of passes, separated by commas, or all. --diff A..B compares what two passes or stages
made, with the same names for the same values; --diff NAME what a pass was given with what it made.

Examples:
  weft dump model.ts#loss --args 'f32[3], f32[3]' --stage optimized --format jaxpr
  weft dump model.ts#loss --args 'f32[3], f32[3]' --diff traced..dead_code_again
  weft dump model.ts#loss --args 'f32[3], f32[3]' --stage fusion --format dot | dot -Tsvg > loss.svg
  weft dump model.ts#loss --args 'f32[3], f32[3]' --stage wat --kernel k0
  weft dump model.ts#loss --args 'f32[3], f32[3]' --out out/ir
`;

export const OPT_HELP = `
FILE is a graph as dumps and asText() have it, or - for stdin. After the passes of graphs may come fusion, assembly
and wasm. A program may be given for the pass wasm.

Examples:
  weft opt out/ir/m0000.loss.0000.graph.traced.ir --passes inline_calls,simplify --print-after-all
  weft dump model.ts#loss --args 'f32[3]' --stage graph | weft opt - --passes simplify
`;

export const VERIFY_HELP = `
FILE is a graph, kernel or program as dumps and asText() have it, or - for stdin. Every violation is listed with its line
and column; exit code 1 says that there is one.

Examples:
  weft verify out/ir/m0000.loss.0000.graph.traced.ir
  weft dump model.ts#loss --args 'f32[3]' --stage program | weft verify -
`;

export const BISECT_HELP = `
Runs the graph after every pass and compares with the interpreter's results for the graph as it was given. Where fusion is
to blame, looks for the first of its choices after which results change. Exit code 1 says that a culprit was found.

--plugin FILE: a file whose default export changes the passes or the choices of fusion, to be tried like the others.

Examples:
  weft bisect out/ir/m0000.loss.0000.graph.traced.ir --seed 3
  weft bisect loss.ir --inputs w.npy x.npy --plugin my-pass.ts
`;

export const REDUCE_HELP = `
Takes equations, inputs, outputs and extents away from a graph for as long as it still fails, and prints what is left.

--fails mismatch (the default): results differ from the interpreter's. --fails crash: the compiler or the run throws
the same error. --command CMD: a shell command, {} standing for the graph's file and {inputs} for its inputs' files,
ends with the exit code that it ends with for the whole graph.

Examples:
  weft reduce loss.ir --seed 3 --out small.ir
  weft reduce loss.ir --command 'weft opt {} --passes my_pass --plugin my-pass.ts' --out small.ir
`;

export const DIFF_HELP = `
Compares two folders that --dump, --out or WEFT_DUMP have written: which functions, passes and kernels differ, and
how. Exit code 1 says that something does. Times are not compared.

Example:
  weft diff out/before out/after --kernel k3
`;

export const PROFILE_HELP = `
FILE is a program, whose own arguments stand behind --; or FILE#EXPORT, a function that is called --repeat times on
random arrays of the shapes in --args; or a graph in a file of IR. Kernels are called one by one and timed, on one thread.
The share of the roofline is what the machine, measured first, could do at most for the arithmetic and the bytes counted.

--device webgpu calls a function or a graph on a GPU, and measures each shader by itself.
--trace writes a file for chrome://tracing and ui.perfetto.dev: tracing, compiling, calls and kernels.

Examples:
  weft profile train.ts --trace trace.json -- --epochs 10
  weft profile model.ts#step --args 'f32[512,512], f32[64,512]'
`;

export const INSPECT_HELP = `${ARGUMENTS_HELP}
A graph in a file of IR can be inspected as well. The page needs no network: passes and what each changed, the fusion
graph, every kernel with its WebAssembly and its time on this machine, and memory over time. --no-run leaves times out;
--device webgpu times the kernels for WebGPU, on a GPU.

Examples:
  weft inspect model.ts#step --args 'f32[512,512], f32[64,512]' --out step.html
  weft inspect out/ir/m0000.step.0000.graph.traced.ir
`;
