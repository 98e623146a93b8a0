/** Runs graphs in the page as `jit` does: compiled there, for the engine that is there. */
import { compileGraph } from "../../../compiler/pipeline.ts";
import { decodeBase64, encodeBase64 } from "../../../compiler/text/base64.ts";
import { parseGraph } from "../../../compiler/text/index.ts";
import { loadWasm } from "../../../runtime/index.ts";

export interface GraphCall {
  readonly graph: string;
  readonly donated: readonly boolean[];
  /** Base64 of each input's bytes. */
  readonly inputs: readonly string[];
}

/** Base64 of each result's bytes. */
export function runGraph({ graph, donated, inputs }: GraphCall): string[] {
  const program = loadWasm(compileGraph(parseGraph(graph), { donated }).executable);
  const { memory } = program.device;
  const storages = inputs.map((text) => memory.store(decodeBase64(text) ?? new Uint8Array()));
  const outputs = program.run(storages).map((storage) => encodeBase64(storage.bytes().slice()));
  program.dispose();
  return outputs;
}
