/** Collects what the inspector's page shows of one compiled function. */
import { programCost } from "../../compiler/analysis/program-cost.ts";
import type { AssembledProgram, KernelOrigin } from "../../compiler/assembly/assemble.ts";
import { lifetimesOf } from "../../compiler/assembly/memory-plan.ts";
import { memoryTimeline } from "../../compiler/assembly/memory-timeline.ts";
import type { FusionPlan } from "../../compiler/fusion/plan.ts";
import { printPlan } from "../../compiler/fusion/print-plan.ts";
import { type Equation, Graph, subgraphsOf, Value } from "../../compiler/graph/graph.ts";
import type { Kernel, Stmt } from "../../compiler/kernel/kernel.ts";
import type { CompiledGraph } from "../../compiler/pipeline.ts";
import type { ProgramBuffer } from "../../compiler/program/program.ts";
import type { WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { valueNames } from "../../compiler/text/graph-printer.ts";
import { kernelNames } from "../../compiler/text/kernel-names.ts";
import { printKernel } from "../../compiler/text/kernel-printer.ts";
import { DTYPE_INFO } from "../../compiler/types/dtype.ts";
import type { SourceRef } from "../../compiler/types/source.ts";
import { bytesOf } from "../../compiler/types/tensor-type.ts";
import type { Machine } from "./measure/machine.ts";
import { countEquations } from "./module-dump.ts";
import type { RecordedPass } from "./recording.ts";
import type {
  FileInfo,
  GpuKernelInfo,
  InspectData,
  KernelCard,
  KernelInfo,
  MemoryInfo,
  PassInfo,
  SourceInfo,
  ValueInfo,
} from "./report-data.ts";
import { kernelsOfEquations, reportGraph } from "./report-graph.ts";
import { relativeFile } from "./sources.ts";
import { artifactText, withRelativeSources } from "./stage-text.ts";
import { ValueMatching } from "./value-matching.ts";
import { VERSION } from "./version.ts";
import { type ToWat, watByKernel } from "./wat.ts";

export interface ReportInput {
  readonly compiled: CompiledGraph;
  /** The same function for WebGPU; null where that cannot run it. */
  readonly gpu: CompiledGraph<WebGpuExecutable> | null;
  readonly passes: readonly RecordedPass[];
  readonly donated: readonly boolean[];
  /** Files are named relative to this folder. */
  readonly folder: string;
  /** The text of a source file, or null. */
  readFile(file: string): string | null;
  readonly toWat: ToWat | null;
  readonly machine: Machine | null;
  /** Milliseconds of a kernel's middle launch; null where it was not run. */
  timeOf(kernel: string): number | null;
  readonly gpuMachine: Machine | null;
  /** The same of a kernel for WebGPU. */
  gpuTimeOf(kernel: string): number | null;
}

export function buildReport(input: ReportInput): InspectData {
  return new ReportBuilder(input).build();
}

class ReportBuilder {
  readonly #input: ReportInput;
  readonly #matching: ValueMatching;
  readonly #names: ReadonlyMap<Value, string>;
  readonly #files: FileInfo[] = [];
  readonly #fileNumbers = new Map<string, number>();

  constructor(input: ReportInput) {
    this.#input = input;
    const graphs = input.passes.flatMap(({ artifact }) => (artifact instanceof Graph ? [artifact] : []));
    this.#matching = new ValueMatching(input.gpu === null ? graphs : [...graphs, input.gpu.optimised]);
    this.#names = this.#matching.allNames();
  }

  build(): InspectData {
    const { compiled, machine, gpuMachine } = this.#input;
    const { graph, plan, assembled, executable } = compiled;
    const kernels = this.#kernels(assembled);
    const { nodes, edges } = reportGraph({
      plan,
      origins: assembled.origins,
      kernels: assembled.program.kernels.map((kernel) => kernel.name),
      numberOf: (value) => this.#numberOf(value),
      sourceOf: (source) => this.#source(source),
    });
    return {
      weft: VERSION,
      name: graph.name,
      inputs: graph.inputs.map((v) => `${this.#names.get(v)}: ${v.type.text}`),
      outputs: graph.outputs.map((x) => x.type.text),
      values: this.#values(),
      passes: this.#passes(),
      nodes,
      edges,
      kernels,
      memory: this.#memory(assembled),
      gpu: this.#gpuKernels(),
      machine,
      gpuMachine,
      wasmBytes: {
        simd: executable.modules.simd.byteLength,
        relaxed: executable.modules.relaxed.byteLength,
      },
      files: this.#files,
    };
  }

  #numberOf(value: Value): number {
    return this.#matching.numberOf(value) ?? -1;
  }

  #source(source: SourceRef | null): SourceInfo | null {
    const location = source?.resolve();
    if (!location) return null;
    const { file, line, column, functionName } = location;
    let number = this.#fileNumbers.get(file);
    if (number === undefined) {
      const text = this.#input.readFile(file);
      const name = relativeFile(file, this.#input.folder);
      number = this.#files.push({ name, lines: text?.split("\n") ?? null }) - 1;
      this.#fileNumbers.set(file, number);
    }
    return { file: number, line, column, function: functionName ?? null };
  }

  #values(): ValueInfo[] {
    const values: ValueInfo[] = [];
    const describe = (v: Value, equation: Equation | null): void => {
      const number = this.#numberOf(v);
      values[number] ??= {
        name: this.#matching.names[number],
        type: v.type.text,
        bytes: bytesOf(v.type),
        op: equation?.op ?? null,
        source: this.#source(equation?.source ?? null),
      };
    };
    const visit = (graph: Graph): void => {
      for (const v of graph.inputs) describe(v, null);
      for (const e of graph.equations) {
        for (const v of e.outputs) describe(v, e);
        subgraphsOf(e).forEach(visit);
      }
    };
    for (const { artifact } of this.#input.passes) if (artifact instanceof Graph) visit(artifact);
    if (this.#input.gpu !== null) visit(this.#input.gpu.optimised);
    return values;
  }

  #passes(): PassInfo[] {
    let equations = 0;
    return this.#input.passes.map(({ record, artifact }): PassInfo => {
      const { index, name, level, milliseconds, changed } = record;
      const isGraph = artifact instanceof Graph;
      const after = isGraph ? countEquations(artifact) : 0;
      const before = index === 0 ? after : equations;
      if (isGraph) equations = after;
      return {
        index,
        name,
        level,
        milliseconds,
        changed,
        equations: isGraph ? { before, after } : null,
        lines: changed ? this.#lines(artifact) : null,
      };
    });
  }

  #lines(artifact: RecordedPass["artifact"]): string[] {
    const { toWat, folder } = this.#input;
    const text =
      "groups" in artifact
        ? this.#planText(artifact)
        : artifactText(artifact, { format: "text", toWat, view: "whole", names: this.#names });
    return withRelativeSources(text, folder)
      .replace(/ +(?=\/\/ )/g, "  ")
      .trimEnd()
      .split("\n");
  }

  /** The plan with the names that values have everywhere here. Regions number their values for themselves. */
  #planText(plan: FusionPlan): string {
    const plans: FusionPlan[] = [];
    const collect = (each: FusionPlan): void => {
      plans.push(each);
      for (const group of each.groups) group.regions.forEach(collect);
    };
    collect(plan);
    const open: { readonly indent: number; readonly names: ReadonlyMap<string, string> }[] = [];
    const lines = printPlan(plan)
      .split("\n")
      .map((line) => {
        const indent = line.length - line.trimStart().length;
        if (/^\s*plan @/.test(line)) {
          const next = plans.shift();
          const local = next === undefined ? [] : [...valueNames(next.graph)];
          open.push({ indent, names: new Map(local.map(([v, name]) => [name, this.#names.get(v) ?? name])) });
        }
        const scope = open.at(-1);
        if (line.trim() === "}" && scope?.indent === indent) open.pop();
        return line.replace(/%[\p{L}\p{N}_]+/gu, (name) => scope?.names.get(name) ?? name);
      });
    return `${lines.join("\n")}\n`;
  }

  #kernels({ program, origins }: AssembledProgram): KernelInfo[] {
    const { compiled, toWat, timeOf } = this.#input;
    const costs = programCost(program).kernels;
    const wat = toWat === null ? null : watByKernel(toWat(compiled.executable.modules.simd));
    return program.kernels.map((kernel, i): KernelInfo => {
      const own = wat?.get(kernel.name) ?? "";
      return {
        ...this.#card(kernel, origins.get(kernel.name), costs[i], timeOf),
        wat: own === "" ? null : own.trimEnd().split("\n"),
      };
    });
  }

  #card(
    kernel: Kernel,
    origin: KernelOrigin | undefined,
    { cost, launches }: Pick<KernelCard, "cost" | "launches">,
    timeOf: ReportInput["timeOf"],
  ): KernelCard {
    const names = kernelNames(kernel);
    return {
      name: kernel.name,
      group: origin === undefined ? "" : `${origin.group.id}, ${origin.group.kind}`,
      ...this.#kernelText(kernel, origin),
      params: kernel.params.map((param) => ({
        name: `%${names.values.get(param)}`,
        type: `${DTYPE_INFO[param.dtype].short}[${param.size}]`,
        access: param.access,
      })),
      loops: loopsOf(kernel),
      cost,
      launches,
      sources: kernel.sources.flatMap((source) => this.#source(source) ?? []),
      milliseconds: timeOf(kernel.name),
    };
  }

  /** The text, and what the names in it stand for. */
  #kernelText(kernel: Kernel, origin: KernelOrigin | undefined): Pick<KernelCard, "lines" | "values"> {
    const names = kernelNames(kernel);
    const values: Record<string, number> = {};
    for (const [n, param] of kernel.params.entries()) {
      const operand = origin?.operands[n];
      const number = operand instanceof Value ? this.#numberOf(operand) : -1;
      if (number >= 0) values[`%${names.values.get(param)}`] = number;
    }
    const text = withRelativeSources(printKernel(kernel), this.#input.folder);
    return { lines: text.trimEnd().split("\n"), values };
  }

  #gpuKernels(): GpuKernelInfo[] {
    const { gpu, gpuTimeOf, folder } = this.#input;
    if (gpu === null) return [];
    const { program, origins } = gpu.assembled;
    const costs = programCost(program).kernels;
    const kernels = program.kernels.map((kernel) => kernel.name);
    const makes = kernels.map((): number[] => []);
    for (const [equation, numbers] of kernelsOfEquations({ origins, kernels })) {
      for (const k of numbers) makes[k].push(...equation.outputs.map((v) => this.#numberOf(v)));
    }
    const shaders = new Map<string, string>();
    for (const { name, wgsl } of gpu.executable.shaders)
      shaders.set(name, `${shaders.get(name) ?? ""}${wgsl}\n`);
    return program.kernels.map((kernel, k) => ({
      ...this.#card(kernel, origins.get(kernel.name), costs[k], gpuTimeOf),
      makes: makes[k],
      wgsl: withRelativeSources(shaders.get(kernel.name) ?? "", folder)
        .trimEnd()
        .split("\n"),
    }));
  }

  #memory({ program, memory }: AssembledProgram): MemoryInfo {
    const lifetimes = lifetimesOf(program.schedule);
    const { donated } = this.#input;
    const bytesOfBuffer = (kind: ProgramBuffer["kind"], offset: number): number =>
      program.buffers.find((b) => b.kind === kind && b.offset === offset)?.bytes ?? 0;
    const taken = new Set(program.aliases);
    return {
      tempBytes: program.tempBytes,
      lowerBound: memory.lowerBound,
      constantBytes: program.constants.byteLength,
      buffers: program.buffers.map(({ id, label, dtype, shape, kind, bytes, offset }) => {
        const life = kind === "temp" ? lifetimes.get(id) : undefined;
        const place = life === undefined ? null : { offset, start: life.start, end: life.end };
        return { label, type: `${DTYPE_INFO[dtype].short}[${shape.join(",")}]`, kind, bytes, place };
      }),
      moments: memoryTimeline(program).map(({ position, step, depth, bytes }) => ({
        position,
        step,
        depth,
        bytes,
      })),
      donations: program.aliases.flatMap((input, o) =>
        input === null
          ? []
          : [
              {
                output: program.outputs[o].label,
                input: program.inputs[input].label,
                bytes: bytesOfBuffer("output", o),
              },
            ],
      ),
      unused: program.inputs.flatMap(({ label }, i) => (donated[i] && !taken.has(i) ? [label] : [])),
    };
  }
}

function loopsOf(kernel: Kernel): KernelInfo["loops"][number][] {
  const loops: KernelInfo["loops"][number][] = [];
  const visit = (stmts: readonly Stmt[], depth: number): void => {
    for (const stmt of stmts) {
      if (stmt.kind === "loop") {
        const { kind, name, extent } = stmt.axis;
        loops.push({ depth, kind, name, extent });
        visit(stmt.body, depth + 1);
      } else if (stmt.kind === "while") visit(stmt.body, depth + 1);
      else if (stmt.kind === "if") {
        visit(stmt.then, depth);
        visit(stmt.else, depth);
      }
    }
  };
  visit(kernel.body, 0);
  return loops;
}
