/** One random contraction against the double-precision oracle: on Wasm in every variant, and on a GPU. */
import assert from "node:assert/strict";
import type { Platform } from "weft";
import { assemble } from "../../../compiler/assembly/assemble.ts";
import { fuse } from "../../../compiler/fusion/fuse.ts";
import type { Graph } from "../../../compiler/graph/graph.ts";
import { interpretGraph } from "../../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../../compiler/interpret/tensors.ts";
import { WASM_FUSION } from "../../../compiler/lowering/fusion-target.ts";
import { GRAPH_PASSES } from "../../../compiler/pipeline.ts";
import { printGraph } from "../../../compiler/text/graph-printer.ts";
import { type DType, isFloating } from "../../../compiler/types/dtype.ts";
import { UnsupportedError } from "../../../compiler/types/errors.ts";
import { verifyProgram } from "../../../compiler/verify/index.ts";
import { assertClose } from "../../helpers/compare.ts";
import { FINE_GRAINS } from "../../helpers/fine-grains.ts";
import { Random } from "../../helpers/random.ts";
import { randomContraction } from "../../helpers/random-contraction.ts";
import { runVariants } from "../../helpers/run-wasm.ts";
import { randomTensor } from "../../helpers/tensors.ts";
import { runGraphOn, targetsOf } from "../devices/targets.ts";

export interface ContractionFailure {
  readonly message: string;
  readonly graph: Graph;
}

/** Whole numbers that wrap in sums where their type is narrow; floats of [-1, 1]. */
function domainOf(dtype: DType): readonly [number, number] | "any" {
  return isFloating(dtype) ? [-1, 1] : "any";
}

/** What is wrong with the seed's contraction on these platforms, or null. */
export async function checkContraction(
  seed: number,
  platforms: readonly Platform[],
): Promise<ContractionFailure | null> {
  const random = new Random(`contraction ${seed}`);
  const { graph, bounds } = randomContraction(random);
  const inputs = graph.inputs.map(({ type }) => randomTensor(random, type, domainOf(type.dtype)));
  const want = interpretGraph(graph, inputs);
  const bytes = inputs.map(toBytes);
  const compare = (outputs: readonly Uint8Array[], name: string): void => {
    for (const [i, expected] of want.entries()) {
      const got = fromBytes(expected.type, outputs[i]);
      assertClose([got], [expected], { ulp: 1, absolute: bounds[i] }, `${name}, output ${i}`);
    }
  };
  try {
    if (platforms.includes("wasm")) checkOnWasm(graph, bytes, compare);
    for (const target of targetsOf(platforms.filter((platform) => platform !== "wasm"))) {
      const run = runGraphOn(target, graph, bytes);
      if (usesDoubles(graph)) await assertRefused(run);
      else compare(await run, target.name);
    }
    return null;
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error), graph };
  }
}

function checkOnWasm(
  graph: Graph,
  bytes: readonly Uint8Array[],
  compare: (outputs: readonly Uint8Array[], name: string) => void,
): void {
  const optimised = GRAPH_PASSES.reduce((g, pass) => pass.run(g, { donated: [] }), graph);
  const plan = fuse(optimised, WASM_FUSION);
  const { program } = assemble(plan, []);
  verifyProgram(program);
  const whole = runVariants(program, bytes);
  for (const { variant, outputs } of whole) compare(outputs, `wasm, ${variant}`);
  const grains = runVariants(assemble(plan, [], FINE_GRAINS).program, bytes);
  for (const [n, { variant, outputs }] of grains.entries()) {
    compare(outputs, `wasm in grains, ${variant}`);
    // A rest of one iteration is no loop, and scalar code has no fused multiply-add.
    if (variant === "relaxed") continue;
    const same = outputs.every((output, i) => Buffer.compare(output, whole[n].outputs[i]) === 0);
    assert.ok(same, `wasm, ${variant}: other bits in grains`);
  }
}

function usesDoubles(graph: Graph): boolean {
  const types = [...graph.inputs, ...graph.outputs, ...graph.equations.flatMap((e) => e.outputs)];
  return types.some(({ type }) => type.dtype === "float64");
}

/** A GPU has no float64: the program is refused, and the error names the device that has it. */
async function assertRefused(run: Promise<unknown>): Promise<void> {
  try {
    await run;
  } catch (error) {
    if (error instanceof UnsupportedError && /wasm/i.test(error.message)) return;
    throw error;
  }
  throw new Error("float64 ran on a GPU");
}

/** Fails with the graph where the seed's contraction is wrong. */
export async function assertContraction(seed: number, platforms: readonly Platform[]): Promise<void> {
  const failure = await checkContraction(seed, platforms);
  if (failure !== null) assert.fail(`${failure.message}\n${printGraph(failure.graph)}`);
}
