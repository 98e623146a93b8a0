/** Runs passes: times each, verifies its result, and shows it to an observer. The only place where that happens. */
import type { AssembledProgram } from "./assembly/assemble.ts";
import type { FusionPlan } from "./fusion/plan.ts";
import type { Graph } from "./graph/graph.ts";
import type { Pass, PassContext } from "./passes/pass.ts";
import type { WasmExecutable } from "./program/program.ts";
import type { WebGpuExecutable } from "./program/webgpu.ts";

/** The level of IR that a pass yields. */
export type Level = "graph" | "fusion" | "program" | "wasm" | "webgpu";

/** What the compiler has at a level. */
export type Artifact = Graph | FusionPlan | AssembledProgram | WasmExecutable | WebGpuExecutable;

/** What one pass made of its input, and how long it took. */
export interface PassRecord {
  /** 0 is the traced graph itself; passes count from 1. */
  readonly index: number;
  readonly name: string;
  readonly level: Level;
  /** Of the pass alone; of a failed one, up to the failure. */
  readonly milliseconds: number;
  /** Whether the pass returned something other than what it was given. */
  readonly changed: boolean;
}

/** Told of every stage as it is finished, so that a failing pass leaves what came before it. */
export interface CompileObserver {
  passed(record: PassRecord, artifact: Artifact): void;
  /** The pass threw; `input` is what it was given. */
  failed(record: PassRecord, input: Artifact, error: unknown): void;
}

/** Checks an artifact and throws if it is malformed. */
export type Verifier = (artifact: Artifact) => void;

export class PassRunner {
  readonly records: PassRecord[] = [];

  constructor(
    private readonly context: PassContext,
    private readonly verify: Verifier | null,
    private readonly observer: CompileObserver | null,
  ) {}

  /** Records the graph as it was traced. */
  start(graph: Graph): void {
    this.#record("traced", "graph", 0, true, graph);
  }

  run<In extends Artifact, Out extends Artifact>(level: Level, pass: Pass<In, Out>, input: In): Out {
    const started = performance.now();
    let milliseconds = 0;
    let output: Out;
    try {
      output = pass.run(input, this.context);
      milliseconds = performance.now() - started;
      this.verify?.(output);
    } catch (error) {
      const record: PassRecord = {
        index: this.records.length,
        name: pass.name,
        level,
        milliseconds: performance.now() - started,
        changed: false,
      };
      this.observer?.failed(record, input, error);
      throw error;
    }
    const changed = !Object.is(input, output);
    this.#record(pass.name, level, milliseconds, changed, output);
    return output;
  }

  #record(name: string, level: Level, milliseconds: number, changed: boolean, artifact: Artifact): void {
    const record: PassRecord = { index: this.records.length, name, level, milliseconds, changed };
    this.records.push(record);
    this.observer?.passed(record, artifact);
  }
}
