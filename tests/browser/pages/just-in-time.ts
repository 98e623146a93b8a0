/** Runs graphs in the page as `jit` does: compiled there, for the engine that is there. */
import { compileGraph } from "../../../compiler/pipeline.ts";
import { parseGraph } from "../../../compiler/text/index.ts";
import { loadWasm } from "../../../runtime/index.ts";

export interface GraphCall {
  readonly graph: string;
  readonly donated: readonly boolean[];
  readonly inputs: readonly Uint8Array[];
}

/** The bytes of each result. */
export function runGraph({ graph, donated, inputs }: GraphCall): Uint8Array[] {
  const program = loadWasm(compileGraph(parseGraph(graph), { donated }).executable);
  const { memory } = program.device;
  const storages = inputs.map((bytes) => memory.store(bytes));
  const outputs = program.run(storages);
  const bytes = outputs.map((storage) => storage.bytes().slice());
  for (const storage of [...storages, ...outputs]) storage.release();
  program.dispose();
  return bytes;
}
