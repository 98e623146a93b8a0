/** `weft dump`: the IR of one exported function at every stage and after every pass. */
import { Graph } from "../../compiler/graph/graph.ts";
import { type CompilerPlugin, compileGraph } from "../../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { setCompileWatcher } from "../core/backend.ts";
import { dumpsOperations } from "../inspect/environment.ts";
import type { IrDump } from "../inspect/ir-dump.ts";
import { countEquations } from "../inspect/module-dump.ts";
import { allObservers, CompileRecording, type RecordedPass } from "../inspect/recording.ts";
import {
  artifactData,
  artifactText,
  kernelsNamed,
  type StageTextOptions,
  stageData,
  stageText,
  type TextFormat,
  withRelativeSources,
} from "../inspect/stage-text.ts";
import { type AnyCompiled, type StageName, stagesOf, type TargetName } from "../inspect/stages.ts";
import { ValueMatching } from "../inspect/value-matching.ts";
import type { ToWat } from "../inspect/wat.ts";
import { openDump } from "./dump-folder.ts";
import { UsageError } from "./errors.ts";
import { print } from "./output.ts";
import { requireWat, wantWat } from "./packages.ts";
import { diffSides, passesNamed } from "./pass-selection.ts";
import { loadPlugin } from "./plugin.ts";
import { compileProgress } from "./progress.ts";
import { unifiedDiff } from "./text-diff.ts";
import { type TracedExport, traceExport } from "./traced-export.ts";

export interface DumpOptions {
  readonly args?: string;
  readonly stage?: StageName;
  /** By default that of the stage, else WebAssembly. */
  readonly target?: TargetName;
  /** Names or numbers of passes, separated by commas, or `all`. */
  readonly pass?: string;
  readonly kernel?: string;
  readonly diff?: string;
  readonly out?: string;
  readonly format: TextFormat | "json";
  readonly json?: boolean;
  readonly plugin?: string;
}

/** What each stage is, in the headings. */
const TITLES: Readonly<Record<StageName, string>> = {
  graph: "as it was traced",
  optimized: "after the graph passes",
  fusion: "which equations become one kernel, and why",
  kernel: "loops over memory",
  program: "kernels, buffers and schedule",
  wat: "the portable WebAssembly module",
  wgsl: "the shaders",
};

/** Stages that a kernel is a part of. */
const KERNEL_STAGES: ReadonlySet<StageName> = new Set<StageName>(["fusion", "kernel", "wat", "wgsl"]);

/** Prints the stages, or writes them to a folder. What the user's file prints goes to stderr. */
export async function dump(target: string, options: DumpOptions, verbose: boolean): Promise<void> {
  checkOptions(options);
  let files: IrDump | null = null;
  const traced = await traceExport(target, {
    args: options.args,
    verbose,
    command: "dump",
    async beforeImport() {
      files = await openDump(options.out);
      // A folder asked for by --out is for this function alone.
      if (files !== null && options.out === undefined) setCompileWatcher(files.watcher(dumpsOperations()));
    },
  });
  const toWat = await watFor(options);
  const plugin = await loadPlugin(options.plugin);
  await new Dump(traced, files, toWat, options).run(plugin);
}

/** What the function is compiled for. */
function targetOf({ stage, target }: DumpOptions): TargetName {
  return target ?? (stage === "wgsl" ? "webgpu" : "wasm");
}

function checkOptions(options: DumpOptions): void {
  const { stage, pass, kernel, diff, format, json, out } = options;
  const target = targetOf(options);
  if (stage !== undefined && !stagesOf(target).includes(stage)) {
    throw new UsageError(
      `there is no ${stage} on the way to ${target}: its stages are ${stagesOf(target).join(", ")}`,
    );
  }
  const chosen = [stage && "--stage", pass && "--pass", diff && "--diff"].filter((x) => x !== undefined);
  if (chosen.length > 1) throw new UsageError(`${chosen.join(" and ")} cannot be given together`);
  if (json === true && format !== "text" && format !== "json") {
    throw new UsageError(`--json and --format ${format} cannot be given together`);
  }
  if (diff !== undefined && format === "dot")
    throw new UsageError("--diff compares texts, and not --format dot");
  if (format === "dot" && (stage === "wat" || stage === "wgsl")) {
    throw new UsageError(`--format dot draws every stage but ${stage}`);
  }
  if (format === "dot" && stage === undefined && pass === undefined && out === undefined) {
    throw new UsageError("--format dot draws one stage: choose it with --stage or --pass");
  }
  if (kernel !== undefined && stage !== undefined && !KERNEL_STAGES.has(stage)) {
    throw new UsageError(
      `--kernel chooses among kernels, and the stage ${stage} has none: try --stage kernel`,
    );
  }
}

/** WABT where its text is wanted. Throws InputError where it was asked for by name and WABT is missing. */
async function watFor(options: DumpOptions): Promise<ToWat | null> {
  const { stage, pass, diff, out, json, format } = options;
  if (format === "dot" || targetOf(options) !== "wasm") return null;
  const names = [stage, ...(pass ?? "").split(","), ...(diff ?? "").split("..")];
  if (names.includes("wat") || names.includes("wasm")) return requireWat();
  const everything = stage === undefined && diff === undefined;
  return everything && (out === undefined || json === true) ? wantWat() : null;
}

class Dump {
  readonly #recording = new CompileRecording();
  readonly #json: boolean;
  readonly #format: TextFormat;

  constructor(
    private readonly traced: TracedExport,
    private readonly files: IrDump | null,
    private readonly toWat: ToWat | null,
    private readonly options: DumpOptions,
  ) {
    this.#json = options.json === true || options.format === "json";
    this.#format = options.format === "json" ? "text" : options.format;
  }

  async run(plugin: CompilerPlugin): Promise<void> {
    const { lowered, chosen } = this.traced;
    const { files, options } = this;
    const { donated } = lowered.entry;
    // The graph as traced can be shown even if it cannot be compiled.
    const traceOnly = options.stage === "graph" && files === null && !this.#json;
    if (traceOnly)
      return print(
        this.#relative(artifactText(lowered.graph, { ...this.#textOptions(null), view: "whole" })),
      );
    const dumped = files?.observe(lowered.graph, donated);
    const compile = targetOf(options) === "webgpu" ? compileGraphForWebGpu : compileGraph;
    const compiled: AnyCompiled = compile(lowered.graph, {
      donated: donated ?? [],
      verify: true,
      observer: allObservers(dumped, this.#recording, compileProgress(`compiling ${chosen.name}`)),
      plugin,
    });
    files?.finish();
    await this.#print(compiled);
    const summary = files?.summary();
    if (!summary) return;
    const alone = options.stage === undefined && options.pass === undefined && options.diff === undefined;
    if (alone && !this.#json && options.out !== undefined) await print(`${summary}\n`);
    else console.error(summary);
  }

  async #print(compiled: AnyCompiled): Promise<void> {
    const { stage, pass, diff, out } = this.options;
    const kernels = this.#kernels(compiled);
    if (this.#json) return print(`${JSON.stringify(this.#data(compiled, kernels), null, 2)}\n`);
    if (diff !== undefined) return print(this.#diff(diff, kernels));
    if (stage !== undefined) return print(this.#stage(compiled, stage, kernels));
    if (pass !== undefined) return print(this.#passes(pass, compiled, kernels));
    if (out !== undefined) return;
    const shown = this.#shownStages(kernels);
    const sections = shown.map(
      (each) => `// ${each}: ${TITLES[each]}\n\n${this.#stage(compiled, each, kernels)}`,
    );
    await print(sections.join("\n"));
  }

  /** The kernels that --kernel means; null for all. Throws UsageError with their names. */
  #kernels({ assembled }: AnyCompiled): ReadonlySet<string> | null {
    const { kernel } = this.options;
    if (kernel === undefined) return null;
    const names = assembled.program.kernels.map((each) => each.name);
    const found = kernelsNamed(names, kernel);
    if (found.length === 0)
      throw new UsageError(`no kernel is called ${kernel}\nKernels: ${names.join(", ")}`);
    return new Set(found);
  }

  #shownStages(kernels: ReadonlySet<string> | null): StageName[] {
    return stagesOf(targetOf(this.options)).filter(
      (stage) => (stage !== "wat" || this.toWat !== null) && (kernels === null || KERNEL_STAGES.has(stage)),
    );
  }

  #textOptions(kernels: ReadonlySet<string> | null): StageTextOptions {
    return { format: this.#format, toWat: this.toWat, kernels };
  }

  #stage(compiled: AnyCompiled, stage: StageName, kernels: ReadonlySet<string> | null): string {
    return this.#relative(stageText(compiled, stage, this.#textOptions(kernels)));
  }

  #passText({ artifact }: RecordedPass, compiled: AnyCompiled, kernels: ReadonlySet<string> | null): string {
    const { origins } = compiled.assembled;
    return this.#relative(artifactText(artifact, { ...this.#textOptions(kernels), view: "whole", origins }));
  }

  #passes(list: string, compiled: AnyCompiled, kernels: ReadonlySet<string> | null): string {
    const chosen = passesNamed(this.#recording.passes, list);
    if (chosen.length === 1) return this.#passText(chosen[0], compiled, kernels);
    const sections = chosen.map((pass) => {
      const { record } = pass;
      const heading = `// ${headingOf(pass)}`;
      return record.changed ? `${heading}\n\n${this.#passText(pass, compiled, kernels)}` : `${heading}\n`;
    });
    return sections.join("\n");
  }

  /** Graphs are compared with the same names for the same values. */
  #diff(text: string, kernels: ReadonlySet<string> | null): string {
    const { passes } = this.#recording;
    const [before, after] = diffSides(passes, text);
    const graphs = passes.flatMap(({ artifact }) => (artifact instanceof Graph ? [artifact] : []));
    const names = new ValueMatching(graphs).allNames();
    const [a, b] = [before, after].map(({ pass: { artifact }, view }) => {
      const text = artifactText(artifact, { ...this.#textOptions(kernels), view, names });
      // Where comments begin depends on the longest line.
      return this.#relative(text).replace(/ +(?=\/\/ )/g, "  ");
    });
    const [from, to] = [before.pass.record.name, after.pass.record.name];
    if (a === b) console.error(`weft: ${from} and ${to} are the same`);
    return unifiedDiff(a, b, from, to);
  }

  #data(compiled: AnyCompiled, kernels: ReadonlySet<string> | null): unknown {
    const { chosen, lowered } = this.traced;
    const { stage, pass, diff } = this.options;
    const folder = process.cwd();
    const stages =
      stage !== undefined
        ? [stage]
        : pass === undefined && diff === undefined
          ? this.#shownStages(kernels)
          : [];
    const shown = pass === undefined ? [] : passesNamed(this.#recording.passes, pass);
    const { origins } = compiled.assembled;
    return {
      name: chosen.name,
      inputs: lowered.graph.inputs.map((x) => x.type.text),
      outputs: lowered.graph.outputs.map((x) => x.type.text),
      passes: this.#recording.passes.map((each) => ({
        ...each.record,
        equations: each.artifact instanceof Graph ? countEquations(each.artifact) : null,
        ...(shown.includes(each)
          ? {
              text: this.#passText(each, compiled, kernels),
              data: artifactData(each.artifact, folder, origins, kernels),
            }
          : {}),
      })),
      stages: Object.fromEntries(
        stages.map((each) => [
          each,
          {
            text: this.#stage(compiled, each, kernels),
            data: stageData(compiled, each, this.#textOptions(kernels), folder),
          },
        ]),
      ),
      ...(diff === undefined ? {} : { diff: this.#diff(diff, kernels) }),
    };
  }

  #relative(text: string): string {
    return withRelativeSources(text, process.cwd());
  }
}

function headingOf({ record, artifact }: RecordedPass): string {
  const { index, name, milliseconds, changed } = record;
  const what = index === 0 ? "as it was traced" : changed ? `after ${name}` : `${name} changed nothing`;
  const size = artifact instanceof Graph ? `: ${countEquations(artifact)} equations` : "";
  return `${index} ${what}${size}, ${milliseconds.toFixed(3)} ms`;
}
