/** Programs compiled ahead of time with a call's inputs and results, as folders that hold nothing else. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { jit, type NdArray, spec } from "weft";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { CompiledGraph } from "../../compiler/pipeline.ts";
import type { Artifact } from "../../compiler/program/artifact.ts";
import { printGraph } from "../../compiler/text/index.ts";
import type { ExportTarget } from "../../frontend/aot/build.ts";
import { exportTraced } from "../../frontend/aot/export-function.ts";
import { LOADER_FILE, moduleText, WEBGPU_LOADER_FILE } from "../../frontend/aot/module-text.ts";
import { currentBackend, setBackend } from "../../frontend/core/backend.ts";
import { bindGraph } from "../../frontend/core/trace.ts";
import { costOf } from "../../frontend/transforms/graph-cost.ts";
import { buildLoader } from "./loader-file.ts";

/** A function that was compiled just in time, with its first call. */
export interface RecordedCall {
  readonly graph: Graph;
  readonly donated: readonly boolean[];
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
  /** What it was compiled to, where that was for WebAssembly. */
  readonly compiled: CompiledGraph | null;
  /** Of the graph: tells long calls from short ones. */
  readonly flops: number;
}

/** Calls of more are made once for each check, by the function or by `onDevice`, in turns; others by both. */
const BOTH_WAYS_FLOPS = 1e6;

/** Bytes by their hash, each once: a sample's functions are given the same data. */
class Pool {
  readonly #known = new Map<string, Uint8Array>();

  /** A copy. */
  keep(bytes: Uint8Array): Uint8Array {
    const hash = hashOf(bytes);
    const known = this.#known.get(hash) ?? bytes.slice();
    this.#known.set(hash, known);
    return known;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** Runs `work` and records the first call of every function that is compiled meanwhile. */
export async function recordCalls(work: () => Promise<unknown>): Promise<RecordedCall[]> {
  const calls: RecordedCall[] = [];
  const pool = new Pool();
  const real = currentBackend();
  const previous = setBackend({
    compile(graph, donated, purpose) {
      const executable = real.compile(graph, donated, purpose);
      if (purpose !== "function") return executable;
      let recorded = false;
      return {
        ...executable,
        run(storages, given) {
          if (recorded) return executable.run(storages, given);
          recorded = true;
          const inputs = storages.map((storage) => pool.keep(storage.bytes()));
          const results = executable.run(storages, given);
          const outputs = results.map((storage) => pool.keep(storage.bytes()));
          const { compiled } = executable;
          const { flops } = costOf(compiled?.optimised ?? graph);
          calls.push({
            graph,
            donated: donated ?? inputs.map(() => false),
            inputs,
            outputs,
            compiled,
            flops,
          });
          return results;
        },
      };
    },
  });
  try {
    await work();
  } finally {
    setBackend(previous);
  }
  return calls;
}

/** The function of a graph as an artifact: a parameter for each input. */
export function exportGraph(
  { graph, donated }: Pick<RecordedCall, "graph" | "donated">,
  name: string,
  target: ExportTarget = "wasm",
): Artifact {
  const f = (...inputs: NdArray[]): NdArray[] => bindGraph(graph, inputs);
  const donateArgnums = donated.flatMap((is, i) => (is ? [i] : []));
  const jitted = jit(f, { name, donateArgnums });
  const args = graph.inputs.map(({ type }) => spec(type.shape, type.dtype));
  return exportTraced((at) => Reflect.apply(jitted.trace, undefined, at), args, [], { target }).artifact;
}

/** Writes modules, their files, the loader, the calls, and `check.js`, whose `check()` lists what differs. */
export async function writeCases(
  folder: string,
  calls: readonly RecordedCall[],
  target: "wasm" | "webgpu" = "wasm",
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const written = new Set<string>();
  const fileOf = (bytes: Uint8Array): string => {
    const file = `${hashOf(bytes)}.bin`;
    if (!written.has(file)) writeFileSync(path.join(folder, file), bytes);
    written.add(file);
    return file;
  };
  const cases = calls.map((call, i) => {
    const name = `f${i}_${call.graph.name}`;
    const artifact = exportGraph(call, name, target);
    for (const [file, bytes] of artifact.sections) writeFileSync(path.join(folder, file), bytes);
    writeFileSync(path.join(folder, `${name}.js`), moduleText(artifact));
    return {
      module: `./${name}.js`,
      graph: printGraph(call.graph),
      donated: call.donated,
      ways: call.flops < BOTH_WAYS_FLOPS ? ["call", "onDevice"] : [i % 2 === 0 ? "call" : "onDevice"],
      inputs: call.inputs.map(fileOf),
      outputs: call.outputs.map(fileOf),
    };
  });
  writeFileSync(path.join(folder, "cases.js"), `export default ${JSON.stringify(cases)};\n`);
  writeFileSync(path.join(folder, "check.js"), CHECK);
  writeFileSync(path.join(folder, "index.html"), "<!doctype html><title>ahead of time</title>");
  const [file, loader] =
    target === "wasm" ? [LOADER_FILE, "weft-loader" as const] : [WEBGPU_LOADER_FILE, "weft-webgpu" as const];
  writeFileSync(path.join(folder, file), (await buildLoader(loader)).text);
}

/** Spelt so that the tests' bundler does not take it for this file's own. */
const MODULE_URL = ["import", "meta", "url"].join(".");

const CHECK = `
import cases from "./cases.js";

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, i16: Int16Array,
  u16: Uint16Array, i8: Int8Array, u8: Uint8Array, bool: Uint8Array, f16: Uint16Array };
const inNode = typeof process === "object";
const { readFile } = inNode ? await import("node:" + "fs/promises") : {};
async function read(file) {
  const url = new URL(file, ${MODULE_URL});
  if (inNode) return Uint8Array.from(await readFile(url));
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}
const readAll = (files) => Promise.all(files.map(read));

/**
 * Runs every case; the results must be these bytes, or those of expected(case). A variant of the program's module rounds
 * as it does wherever it runs.
 */
export async function check(variant, expected = null) {
  const wrong = [];
  for (const each of cases) {
    const { module } = each;
    const inputs = await readAll(each.inputs);
    const outputs = expected === null ? await readAll(each.outputs) : await expected({ ...each, inputs });
    const { load } = await import(module);
    const f = await load({ variant });
    const args = inputs.map((bytes, i) => {
      const type = f.manifest.programs[0].inputs[i];
      return new arrays[type.slice(0, type.indexOf("["))](bytes.buffer);
    });
    for (const way of each.ways) {
      for (const [o, result] of (await (way === "call" ? f : f.onDevice)(...args)).entries()) {
        const data = await result.data;
        const got = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        const wanted = outputs[o];
        if (got.length !== wanted.length || got.some((x, i) => x !== wanted[i])) wrong.push(module + " result " + o);
      }
    }
    f.dispose();
  }
  return { cases: cases.length, wrong };
}
`;
