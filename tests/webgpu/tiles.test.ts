/** Tiles of products: all give the same bits; a table of those that were measured is filled, used, kept, and ignored. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import {
  config,
  devicePut,
  fileTileStore,
  jit,
  type NdArray,
  numpy as np,
  random,
  type TileStore,
  type WebGpuDevice,
  withConfig,
} from "weft";
import type { Graph } from "../../compiler/graph/graph.ts";
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { toBytes } from "../../compiler/interpret/tensors.ts";
import { tileCandidates, tileName } from "../../compiler/lowering/gpu/tiles.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { DEFAULT_LIMITS, type GpuLimits, type TileShape } from "../../compiler/program/webgpu.ts";
import { device } from "../../frontend/core/device.ts";
import { TileTable } from "../../frontend/core/tile-table.ts";
import { assertClose } from "../helpers/compare.ts";
import { runOnGpu } from "./check.ts";

let gpu: WebGpuDevice;
const folder = mkdtempSync(path.join(tmpdir(), "weft-tiles-"));
before(async () => {
  gpu = await device("webgpu");
});
after(() => {
  gpu.destroy();
  rmSync(folder, { recursive: true });
});

const matmul = (x: NdArray, y: NdArray): NdArray => x.matmul(y);
const graphOf = (m: number, k: number, n: number): Graph =>
  jit(matmul).lower(np.zeros([m, k]), np.zeros([k, n])).graph;
const wgslOf = (graph: Graph, limits: GpuLimits): string =>
  compileGraphForWebGpu(graph, { limits }).executable.shaders[0].wgsl;

/** A store in memory. */
function memoryStore(text: string | null = null): TileStore & { text: string | null } {
  const store = {
    text,
    load: async () => store.text,
    save: async (written: string) => {
      store.text = written;
    },
  };
  return store;
}

describe("tiles of products", () => {
  for (const [m, k, n] of [
    [67, 35, 70],
    [24, 1100, 20],
  ]) {
    test(`every tile gives the same bits: ${m}×${k}×${n}`, async () => {
      const graph = graphOf(m, k, n);
      const inputs = await Promise.all(
        graph.inputs.map(async ({ type }, i) => ({
          type,
          data: Float64Array.from(await random.normal(random.PRNGKey(i), type.shape).data(), Number),
        })),
      );
      for (const software of [false, true]) {
        const limits = { ...DEFAULT_LIMITS, software };
        // Shaders of large tiles take long to compile without a GPU: the plan's own interpreter runs all of them.
        const bytesOf = (candidate: TileShape): Uint8Array => {
          const { program } = compileGraphForWebGpu(graph, {
            limits: { ...limits, tile: () => candidate },
          }).assembled;
          return runProgram(program, inputs.map(toBytes))[0];
        };
        const [first, ...others] = tileCandidates(limits);
        const want = bytesOf(first);
        for (const shape of others) assert.deepEqual(bytesOf(shape), want, tileName(shape));
        const [large] = others.slice(-2);
        const [got] = await runOnGpu(graph, inputs, [], { ...limits, tile: () => large });
        const [plain] = await runOnGpu(graph, inputs, [], limits);
        if (software) assert.deepEqual(got.data, plain.data);
        else assertClose([got], [plain], { ulp: 4, absolute: 1e-5 }, tileName(large));
      }
    });
  }
});

describe("the table of tiles", () => {
  test("is filled by measuring and used by what is compiled later", async () => {
    const table = new TileTable(gpu.gpu);
    const graph = graphOf(40, 50, 60);
    assert.deepEqual(table.entries, {});
    const entries = await table.tune(graph);
    assert.deepEqual(Object.keys(entries), ["float32 1×64×64×64"]);
    const names = tileCandidates(gpu.gpu.limits).map(tileName);
    assert.ok(names.includes(entries["float32 1×64×64×64"]));
    // What it chose is what is compiled.
    const chosen = tileCandidates(gpu.gpu.limits)[names.indexOf(entries["float32 1×64×64×64"])];
    assert.equal(
      wgslOf(graph, table.limits(false)),
      wgslOf(graph, { ...gpu.gpu.limits, tile: () => chosen }),
    );
  });

  test("new classes are measured behind the program that brings them", async () => {
    const table = new TileTable(gpu.gpu);
    const plain = wgslOf(graphOf(40, 50, 60), gpu.gpu.limits);
    assert.equal(wgslOf(graphOf(40, 50, 60), table.limits(true)), plain);
    assert.deepEqual(table.entries, {});
    await table.settled();
    assert.equal(Object.keys(table.entries).length, 1);
  });

  test("is kept in a file, for this adapter and version alone", async () => {
    const file = path.join(folder, "tiles.json");
    const first = new TileTable(gpu.gpu);
    assert.equal(await first.keepIn(fileTileStore(file)), false);
    await first.tune(graphOf(40, 50, 60));
    const again = new TileTable(gpu.gpu);
    assert.equal(await again.keepIn(fileTileStore(file)), true);
    assert.deepEqual(again.entries, first.entries);

    const text = readFileSync(file, "utf8");
    const saved = JSON.parse(text) as Record<string, unknown>;
    for (const stale of [
      JSON.stringify({ ...saved, compiler: "0.0.0" }),
      JSON.stringify({ ...saved, adapter: "another" }),
      JSON.stringify({ ...saved, tiles: { x: 1 } }),
      text.slice(0, -9),
    ]) {
      writeFileSync(file, stale);
      const table = new TileTable(gpu.gpu);
      assert.equal(await table.keepIn(fileTileStore(file)), false);
      assert.deepEqual(table.entries, {});
    }
  });

  test("a tile that there is no more is the default", async () => {
    const first = new TileTable(gpu.gpu);
    const store = memoryStore();
    await first.keepIn(store);
    await first.tune(graphOf(40, 50, 60));
    const text = (store.text ?? "").replace(/(": ")\d+x\d+"/g, '$1999x1"');
    const table = new TileTable(gpu.gpu);
    assert.equal(await table.keepIn(memoryStore(text)), true);
    assert.equal(
      wgslOf(graphOf(40, 50, 60), table.limits(false)),
      wgslOf(graphOf(40, 50, 60), gpu.gpu.limits),
    );
  });

  test("jit uses it unless it is switched off", async () => {
    const x = devicePut(np.ones([40, 50]), gpu);
    const y = devicePut(np.ones([50, 60]), gpu);
    const compile = (): string =>
      jit((a: NdArray, b: NdArray) => a.matmul(b))
        .lower(x, y)
        .compile()
        .asText({ stage: "wgsl" } as never);
    assert.equal(config.tuneTiles, true);
    const plain = withConfig({ tuneTiles: false }, compile);
    const other = tileName(tileCandidates(gpu.gpu.limits)[1]);
    const measured = new TileTable(gpu.gpu);
    const store = memoryStore();
    await measured.keepIn(store);
    await measured.tune(graphOf(40, 50, 60));
    await gpu.tiles.keepIn(memoryStore((store.text ?? "").replace(/(": ")\d+x\d+"/g, `$1${other}"`)));
    assert.notEqual(compile(), plain);
    assert.equal(withConfig({ tuneTiles: false }, compile), plain);
    gpu.tiles.clear();
    assert.equal(compile(), plain);
  });
});
