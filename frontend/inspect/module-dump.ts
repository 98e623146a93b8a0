/** Writes the stages of one compilation to files as they are finished, and its part of the manifest. */
import type { AssembledProgram } from "../../compiler/assembly/assemble.ts";
import { printPlan } from "../../compiler/fusion/print-plan.ts";
import { Graph, subgraphsOf } from "../../compiler/graph/graph.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import type { Artifact, CompileObserver, PassRecord } from "../../compiler/pass-runner.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import type { WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { printKernel } from "../../compiler/text/kernel-printer.ts";
import { sanitizeName } from "../../compiler/text/names.ts";
import { printProgram } from "../../compiler/text/program-printer.ts";
import type { DumpDirectory } from "./dump-directory.ts";
import type { FailureRecord, KernelRecord, ModuleRecord, PassEntry } from "./manifest.ts";
import { withRelativeSources } from "./stage-text.ts";
import { type ToWat, watOfKernel } from "./wat.ts";

/** What a module's dump needs of the dump it belongs to. */
export interface DumpContext {
  readonly directory: DumpDirectory;
  /** Source lines are written relative to this folder. */
  readonly sourceFolder: string;
  /** Calls `write` when WABT is there, which may be at once or never. */
  whenWat(write: (toWat: ToWat) => void): void;
  /** The module's record has changed for good. */
  moduleDone(): void;
}

/** Longest part of a file name that is a user's. File systems take 255 bytes, and a letter may take 4 of them. */
const NAME_LIMIT = 40;

export class ModuleDump implements CompileObserver {
  readonly record: ModuleRecord;
  readonly #context: DumpContext;
  readonly #prefix: string;
  #equations = 0;
  /** Index of the pass that made the kernels. */
  #kernelPass = 0;

  constructor(index: number, graph: Graph, donated: readonly boolean[] | null, context: DumpContext) {
    this.#context = context;
    this.#prefix = `m${String(index).padStart(4, "0")}.${fileName(graph.name)}`;
    this.record = {
      index,
      name: graph.name,
      status: "compiling",
      inputs: graph.inputs.map((x) => x.type.text),
      outputs: graph.outputs.map((x) => x.type.text),
      donated: (donated ?? []).flatMap((is, i) => (is ? [i] : [])),
      milliseconds: 0,
      passes: [],
      kernels: [],
      memory: null,
      wasm: null,
      failure: null,
      files: [],
    };
  }

  passed(record: PassRecord, artifact: Artifact): void {
    const file = record.changed ? this.#writeArtifact(record, artifact) : null;
    this.#addPass(record, artifact, file);
    if (!("modules" in artifact || "shaders" in artifact)) return;
    this.record.status = "compiled";
    this.#context.moduleDone();
  }

  failed(record: PassRecord, input: Artifact, error: unknown): void {
    this.record.status = "failed";
    const message = error instanceof Error ? error.message : String(error);
    try {
      const failure = { pass: record.name, message, ...this.#writeInput(record, input) };
      this.record.failure = failure;
      this.#addPass(record, input, null);
      this.#context.moduleDone();
      annotate(error, describeFailure(failure, this.#context.directory.shown));
    } catch (problem) {
      // The failed pass is what the user has to hear of first.
      annotate(error, `(${problem instanceof Error ? problem.message : String(problem)})`);
    }
  }

  #addPass(record: PassRecord, artifact: Artifact, file: string | null): void {
    const isGraph = artifact instanceof Graph && record.level === "graph";
    const after = isGraph ? countEquations(artifact) : 0;
    const before = record.index === 0 ? after : this.#equations;
    if (isGraph) this.#equations = after;
    const { index, name, level, changed } = record;
    const milliseconds = rounded(record.milliseconds);
    const equations = isGraph ? { before, after } : null;
    const entry: PassEntry = { index, name, level, milliseconds, changed, equations, file };
    this.record.passes.push(entry);
    this.record.milliseconds = rounded(this.record.milliseconds + record.milliseconds);
  }

  /** Writes what a pass made; returns the name of its file. */
  #writeArtifact(record: PassRecord, artifact: Artifact): string | null {
    const stem = `${stemOf(record)}.${record.index === 0 ? record.name : `after_${record.name}`}`;
    if (artifact instanceof Graph) return this.#write(`${stem}.ir`, printGraph(artifact));
    if ("groups" in artifact) return this.#write(`${stem}.txt`, `${printPlan(artifact)}\n`);
    if ("program" in artifact) return this.#writeProgram(record, stem, artifact);
    if ("shaders" in artifact) return this.#writeShaders(artifact);
    return this.#writeWasm(artifact);
  }

  /** Every shader by itself; the name of the first. */
  #writeShaders({ shaders }: WebGpuExecutable): string | null {
    const files = shaders.map(({ name, wgsl }, n) =>
      this.#write(`${this.#kernelStem(`${name}.s${n}`)}.wgsl`, wgsl),
    );
    return files[0] ?? null;
  }

  #writeProgram(record: PassRecord, stem: string, { program, memory }: AssembledProgram): string {
    this.#kernelPass = record.index;
    const file = this.#write(`${stem}.ir`, printProgram(program));
    this.record.kernels = program.kernels.map((kernel): KernelRecord => {
      const text = printKernel(kernel);
      return {
        name: kernel.name,
        file: this.#write(`${this.#kernelStem(kernel.name)}.ir`, text),
        wat: null,
        sources: this.#sourcesOf(kernel),
      };
    });
    this.record.memory = {
      tempBytes: memory.bytes,
      lowerBound: memory.lowerBound,
      constantBytes: program.constants.byteLength,
    };
    return file;
  }

  #writeWasm({ modules }: WasmExecutable): string {
    const simd = this.#write("wasm", modules.simd);
    const relaxed = this.#write("relaxed.wasm", modules.relaxed);
    const wasm = {
      simd: { file: simd, bytes: modules.simd.byteLength, wat: null as string | null },
      relaxed: { file: relaxed, bytes: modules.relaxed.byteLength, wat: null as string | null },
    };
    this.record.wasm = wasm;
    this.#context.whenWat((toWat) => {
      const text = toWat(modules.simd);
      const relaxedText = toWat(modules.relaxed);
      wasm.simd.wat = this.#write("wat", text);
      wasm.relaxed.wat = this.#write("relaxed.wat", relaxedText);
      for (const kernel of this.record.kernels) {
        const part = watOfKernel(text, kernel.name);
        // A kernel without statements is not in the module.
        if (part !== "") kernel.wat = this.#write(`${this.#kernelStem(kernel.name)}.wat`, part);
      }
    });
    return simd;
  }

  /** Leaves what a failing pass was given; a plan has no text form that can be read back, so its graph is left too. */
  #writeInput(record: PassRecord, input: Artifact): Pick<FailureRecord, "input" | "command"> {
    const stem = `${stemOf(record)}.failed_${fileName(record.name)}.input`;
    if (input instanceof Graph) {
      return this.#reproduction(this.#write(`${stem}.ir`, printGraph(input)), [record.name]);
    }
    if ("groups" in input) {
      this.#write(`${stem}.txt`, `${printPlan(input)}\n`);
      const graph = this.#write(`${stem}.ir`, printGraph(input.graph));
      return this.#reproduction(graph, ["fusion", record.name]);
    }
    if ("program" in input) {
      return this.#reproduction(this.#write(`${stem}.ir`, printProgram(input.program)), [record.name]);
    }
    if ("shaders" in input) return this.#reproduction(this.#writeShaders(input) ?? "", [record.name]);
    return this.#reproduction(this.#write(`${stem}.wasm`, input.modules.simd), [record.name]);
  }

  #reproduction(input: string, passes: readonly string[]): Pick<FailureRecord, "input" | "command"> {
    const { donated } = this.record;
    // Only the assembly asks what is donated.
    const donate = donated.length > 0 && passes.includes("assembly") ? ` --donate ${donated.join(",")}` : "";
    return { input, command: `weft opt ${input} --passes ${passes.join(",")}${donate}` };
  }

  #sourcesOf(kernel: Kernel): string[] {
    return kernel.sources.flatMap((source) => {
      const location = source.resolve();
      if (location === null) return [];
      const { sourceFolder } = this.#context;
      const within = location.file.startsWith(`${sourceFolder}/`);
      const file = within ? location.file.slice(sourceFolder.length + 1) : location.file;
      return [`${file}:${location.line}:${location.column}`];
    });
  }

  #kernelStem(kernel: string): string {
    return `${number(this.#kernelPass)}.kernel.${fileName(kernel)}`;
  }

  #write(rest: string, content: string | Uint8Array): string {
    const name = `${this.#prefix}.${rest}`;
    const { directory, sourceFolder } = this.#context;
    directory.write(name, typeof content === "string" ? withRelativeSources(content, sourceFolder) : content);
    this.record.files.push(name);
    return name;
  }
}

function stemOf(record: PassRecord): string {
  return `${number(record.index)}.${record.level}`;
}

function number(index: number): string {
  return String(index).padStart(4, "0");
}

function fileName(name: string): string {
  return [...sanitizeName(name)].slice(0, NAME_LIMIT).join("");
}

/** To the microsecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

/** Equations of a graph and of its sub-graphs. */
export function countEquations(graph: Graph): number {
  return graph.equations.reduce(
    (n, equation) => subgraphsOf(equation).reduce((m, inner) => m + countEquations(inner), n + 1),
    0,
  );
}

function describeFailure({ pass, input, command }: FailureRecord, folder: string): string {
  const file = `${folder}/${input}`;
  const quoted = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
  return `The pass ${pass} failed. Its input is ${file}; to reproduce: ${command.replace(input, () => quoted)}`;
}

/** Adds a line to an error's message, in its stack as well: V8 writes the message into it when the error is made. */
function annotate(error: unknown, note: string): void {
  if (!(error instanceof Error)) return;
  const { message, stack } = error;
  error.message = `${message}\n${note}`;
  if (message !== "" && stack?.includes(message)) error.stack = stack.replace(message, () => error.message);
}
