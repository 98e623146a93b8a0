/**
 * Random programs on several devices against one another, and against the double-precision oracle: `--devices
 * wasm,webgpu`. Programs are random graphs (tests/helpers/random-graph.ts), small and large, and, every fourth, a nest of
 * transformations. On WebGPU each is compiled both for software and for hardware.
 */
import {
  type Device,
  device,
  deviceGet,
  devicePut,
  jit,
  type NdArray,
  numpy as np,
  type Platform,
} from "weft";
import { interpretGraph } from "../../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../../compiler/interpret/tensors.ts";
import { printGraph } from "../../../compiler/text/graph-printer.ts";
import { PLATFORMS, WebGpuDevice } from "../../../frontend/core/device.ts";
import { requestAdapter } from "../../../runtime/webgpu/adapter.ts";
import { createDevice } from "../../../runtime/webgpu/device.ts";
import { assertClose } from "../../helpers/compare.ts";
import { Random } from "../../helpers/random.ts";
import { LARGE, randomGraph } from "../../helpers/random-graph.ts";
import { randomTensor } from "../../helpers/tensors.ts";
import { inputsOf, singleProgramOf } from "../nests/check.ts";
import { evaluateInWeft } from "../nests/evaluate.ts";
import type { FuzzOptions } from "../nests/main.ts";
import { plain } from "../nests/numbers.ts";
import { printProgram } from "../nests/program.ts";
import { checkSeeds } from "../seeds.ts";
import { runGraphOn, type Target, targetsOf } from "./targets.ts";

/** Every so many programs one is a nest of transformations. */
const NEST_EVERY = 4;
/** Between devices, relative to numbers over 1: what tests/random-graphs.test.ts allows to the oracle. */
const BOUND = { ulp: 64, absolute: 2e-4 };
/** Nests amplify roundings more: tests/fuzz/nests/check.ts. */
const NEST_BOUND = 5e-3;

/** The devices of `--devices`. Throws for an unknown one. */
export function parseDevices(text: string): Platform[] {
  return text.split(",").map((name) => {
    const found = PLATFORMS.find((platform) => platform === name.trim());
    if (found === undefined) throw new Error(`--devices takes ${PLATFORMS.join(" and ")}, got ${name}`);
    return found;
  });
}

/** Checks programs of successive seeds; returns how many fail. `save` writes a file and returns its name. */
export function fuzzDevices(
  options: FuzzOptions,
  platforms: readonly Platform[],
  save: (name: string, text: string) => string,
): Promise<number> {
  return checkSeeds(options, {
    what: "programs",
    every: 100,
    agree: `${platforms.join(" and ")} agree`,
    again: `--devices ${platforms.join(",")}`,
    check(seed) {
      const nest = seed % NEST_EVERY === NEST_EVERY - 1;
      return nest ? checkNest(seed, platforms) : checkGraph(seed, platforms, save);
    },
  });
}

async function checkGraph(
  seed: number,
  platforms: readonly Platform[],
  save: (name: string, text: string) => string,
): Promise<string | null> {
  const random = new Random(`graph ${seed}`);
  const graph = randomGraph(random, 3 + (seed % 12), seed % 2 === 0 ? LARGE : undefined);
  const inputs = graph.inputs.map(({ type }) => randomTensor(random, type, [-2, 2]));
  const want = interpretGraph(graph, inputs);
  const bytes = inputs.map(toBytes);
  for (const target of targetsOf(platforms)) {
    try {
      const got = await runGraphOn(target, graph, bytes);
      const results = want.map(({ type }, i) => fromBytes(type, got[i]));
      assertClose(results, want, BOUND, target.name);
    } catch (error) {
      const file = save(`devices-${seed}.ir`, printGraph(graph));
      return `${target.name}: ${error instanceof Error ? error.message : String(error)}\ngraph: ${file}`;
    }
  }
  return null;
}

/** Declared cache of one: a GPU for which code is made as for hardware. */
let hardware: Promise<WebGpuDevice> | null = null;

function deviceOf(target: Target): Promise<Device> {
  if (target.platform === "wasm" || target.software) return device(target.platform);
  hardware ??= requestAdapter()
    .then((adapter) => createDevice(adapter, { software: false }))
    .then((gpu) => new WebGpuDevice(gpu));
  return hardware;
}

async function checkNest(seed: number, platforms: readonly Platform[]): Promise<string | null> {
  const program = singleProgramOf(seed);
  const f = jit((...xs: NdArray[]): NdArray[] => evaluateInWeft(program.main, xs));
  const xs = inputsOf(program).map((x) =>
    np.array(Float64Array.from(x.data, plain), { dtype: "float32" }).reshape([...x.shape]),
  );
  let first: readonly ArrayLike<number>[] | null = null;
  for (const target of targetsOf(platforms)) {
    const { name } = target;
    try {
      const there = devicePut(xs, await deviceOf(target)) as NdArray[];
      const results = (await deviceGet(f(...there))) as ArrayLike<number>[];
      if (first === null) first = results;
      const problem = difference(results, first);
      if (problem !== null) return `${name} and ${platforms[0]} differ: ${problem}\n${printProgram(program)}`;
    } catch (error) {
      return `${name}: ${error instanceof Error ? error.message : String(error)}\n${printProgram(program)}`;
    }
  }
  return null;
}

function difference(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): string | null {
  for (const [k, x] of a.entries()) {
    for (let i = 0; i < x.length; i++) {
      const bound = NEST_BOUND * Math.max(1, Math.abs(b[k][i]));
      if (Object.is(x[i], b[k][i]) || Math.abs(x[i] - b[k][i]) <= bound) continue;
      return `output ${k}, element ${i}: ${x[i]} and ${b[k][i]}`;
    }
  }
  return null;
}
