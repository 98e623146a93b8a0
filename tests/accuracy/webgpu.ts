/** Runs functions, compiled to WGSL, over their points on a GPU and measures their errors. */
import { type Graph, GraphBuilder, tensorType } from "../../compiler/index.ts";
import type { MathDType } from "../../compiler/math/index.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { loadGpuProgram } from "../../runtime/webgpu/loader.ts";
import { ulpOf } from "../helpers/compare.ts";
import type { FunctionCase } from "./functions.ts";
import type { GoldenColumns } from "./golden.ts";
import {
  goldenOf,
  type IteratedMeasurement,
  type IteratedName,
  iteratedGraph,
  summarise,
} from "./iterated.ts";
import { type Measurement, Tally } from "./measure.ts";
import { pointsOf } from "./points.ts";
import { referenceOf } from "./reference.ts";

/** What WebGPU computes in. */
const DTYPE: MathDType = "float32";

async function run(
  device: GpuDevice,
  graph: Graph,
  columns: readonly ArrayLike<number>[],
): Promise<Float32Array> {
  const { executable } = compileGraphForWebGpu(graph, { limits: device.limits });
  const program = loadGpuProgram(executable, device);
  const inputs = columns.map((column) => device.store(new Uint8Array(Float32Array.from(column).buffer)));
  const [output] = program.run(inputs);
  const bytes = await output.read();
  for (const storage of [...inputs, output]) storage.release();
  program.dispose();
  return new Float32Array(bytes.buffer);
}

/** Below it a GPU may take a number for zero, as SwiftShader does. */
const LEAST_NORMAL = 2 ** -126;

function isSubnormal(x: number): boolean {
  return x !== 0 && Math.abs(x) < LEAST_NORMAL;
}

/** Arguments as they are, and with subnormal ones taken for zeros. */
function flushed(args: readonly number[]): number[][] {
  return args.reduce<number[][]>(
    (lists, x) => lists.flatMap((list) => (isSubnormal(x) ? [0 * x, x] : [x]).map((y) => [...list, y])),
    [[]],
  );
}

/** Whether a result is as exact as declared, or off by the least normal number at most. */
function agrees(result: number, expected: number, bound: number): boolean {
  if (Object.is(result, expected) || result === expected) return true;
  return Math.abs(result - expected) <= Math.max(LEAST_NORMAL, bound * ulpOf(expected, DTYPE));
}

/** Measures one float32 function at about `count` points against the reference in doubles. */
export async function measureOnGpu(fn: FunctionCase, count: number, device: GpuDevice): Promise<Measurement> {
  const points = pointsOf(fn, count);
  const b = new GraphBuilder();
  const inputs = points.map((column) => b.input(tensorType(DTYPE, [column.length])));
  const results = await run(device, b.finish(fn.name, b.emit(fn.name, inputs, {})), points);
  const tally = new Tally(fn);
  const reference = referenceOf(fn.name);
  for (const [i, result] of results.entries()) {
    const args = points.map((column) => column[i]);
    const expected = reference(args[0], args[1]);
    const small = Math.abs(result - expected) <= LEAST_NORMAL && !Object.is(result, expected);
    if (!small && ![...args, expected].some(isSubnormal)) tally.add(args, result, expected);
    else if (!flushed(args).some((each) => agrees(result, reference(each[0], each[1]), fn.bound)))
      tally.wrong.push(`${fn.name}(${args.join(", ")}) is ${result}, not ${expected}, nor with zeros`);
  }
  return { fn, variant: "webgpu", errors: tally };
}

export async function measureIteratedOnGpu(
  name: IteratedName,
  goldens: ReadonlyMap<string, GoldenColumns>,
  device: GpuDevice,
): Promise<IteratedMeasurement> {
  const golden = goldenOf(name, goldens);
  const results = await run(device, iteratedGraph(name, DTYPE, golden), golden.args);
  return summarise(name, DTYPE, "webgpu", golden, results);
}
