/**
 * Which tiles of matrix products are the fastest on a GPU: measured once per class of shapes, and kept. Compiling is at
 * once and measuring is not, so a function that meets a new class is compiled with the default tile, the class is measured
 * behind what the GPU has to do, and what is compiled later takes what was found. Results are the same bits.
 */
import type { Graph } from "../../compiler/graph/graph.ts";
import { tileCandidates, tileName } from "../../compiler/lowering/gpu/tiles.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import type { GpuLimits, ProductClass, TileShape } from "../../compiler/program/webgpu.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { loadGpuProgram } from "../../runtime/webgpu/loader.ts";
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";
import { VERSION } from "../inspect/version.ts";

/** Names of tiles by class, as `{ "float32 1×512×512×512": "8x4" }`. */
export type TileEntries = Readonly<Record<string, string>>;

/** Where a table is kept between runs: a text under a name of the store's own. */
export interface TileStore {
  load(): Promise<string | null>;
  save(text: string): Promise<void>;
}

interface Saved {
  readonly compiler: string;
  readonly adapter: string;
  readonly tiles: TileEntries;
}

/** Multiply-adds of a measured product at the most: larger classes are measured by a part of them. */
const MOST_WORK = 2 ** 31;
const MOST_SOFTWARE_WORK = 2 ** 22;
/** Timed runs of each tile, of which the fastest counts. */
const RUNS = 3;
/** Another tile than the default has to be this much faster: the rest is noise. */
const MARGIN = 0.95;
/** Classes that one program may bring. */
const MOST_CLASSES = 256;

/** The tile shapes that were measured to be fastest on an adapter, by classes of products; `tileTable` is the one in use. */
export class TileTable {
  readonly #known = new Map<string, string>();
  /** Classes to be measured. */
  readonly #wanted = new Map<string, ProductClass>();
  #store: TileStore | null = null;
  #working: Promise<void> | null = null;

  constructor(private readonly device: GpuDevice) {}

  /** The device's limits with this table's choices. `measure`: classes that are not known are measured soon. */
  limits(measure: boolean): GpuLimits {
    return {
      ...this.device.limits,
      tile: (product) => {
        const found = this.#find(product);
        if (found === null && measure && this.#wanted.size < MOST_CLASSES) {
          this.#wanted.set(classKey(product), product);
          this.#start();
        }
        return found;
      },
    };
  }

  get entries(): TileEntries {
    return Object.fromEntries(this.#known);
  }

  /** Forgets everything that was measured. */
  clear(): void {
    this.#known.clear();
    this.#wanted.clear();
  }

  /** Measures the classes of products in a graph that are not known yet. */
  async tune(graph: Graph): Promise<TileEntries> {
    compileGraphForWebGpu(graph, { limits: this.limits(true) });
    await this.settled();
    return this.entries;
  }

  /** Resolves when nothing is being measured. */
  async settled(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  /**
   * Keeps the table in a store from now on, and takes over what is there. Gives whether it could: what another adapter
   * or another version of the compiler measured is ignored.
   */
  async keepIn(store: TileStore): Promise<boolean> {
    this.#store = store;
    const saved = parseSaved(await store.load());
    if (saved === null || saved.compiler !== VERSION || saved.adapter !== this.#adapter) return false;
    for (const [key, name] of Object.entries(saved.tiles)) {
      this.#known.set(key, name);
      this.#wanted.delete(key);
    }
    return true;
  }

  get #adapter(): string {
    const { storageBuffers, workgroupBytes, invocations } = this.device.limits;
    return `${this.device.description} (${storageBuffers}, ${workgroupBytes}, ${invocations})`;
  }

  #find(product: ProductClass): TileShape | null {
    const name = this.#known.get(classKey(product));
    if (name === undefined) return null;
    return tileCandidates(this.device.limits).find((each) => tileName(each) === name) ?? null;
  }

  #start(): void {
    if (this.#working !== null) return;
    // After the program that is being compiled.
    this.#working = Promise.resolve()
      .then(() => this.#measureAll())
      .catch(() => {
        // A GPU that is lost or full tells those who ask it for something; tiles stay the default.
        this.#wanted.clear();
      })
      .finally(() => {
        this.#working = null;
      });
  }

  async #measureAll(): Promise<void> {
    for (;;) {
      const [next] = this.#wanted;
      if (next === undefined) return;
      const [key, product] = next;
      this.#known.set(key, await this.#measure(product));
      this.#wanted.delete(key);
      const saved: Saved = { compiler: VERSION, adapter: this.#adapter, tiles: this.entries };
      await this.#store?.save(`${JSON.stringify(saved, null, 1)}\n`).catch(() => {});
    }
  }

  /** The name of the fastest tile. */
  async #measure(product: ProductClass): Promise<string> {
    const { device } = this;
    const graph = productGraph(within(product, device.limits.software ? MOST_SOFTWARE_WORK : MOST_WORK));
    const bytes = graph.inputs.map(({ type }) => onesOf(type.dtype, type.size));
    const inputs = bytes.map((data) => device.store(data));
    try {
      let best = { name: "", time: Infinity };
      for (const [n, shape] of tileCandidates(device.limits).entries()) {
        const time = await this.#time(graph, shape, inputs);
        if (time < best.time * (n === 0 ? 1 : MARGIN)) best = { name: tileName(shape), time };
      }
      return best.name;
    } finally {
      for (const input of inputs) input.release();
    }
  }

  /** Milliseconds of the fastest of some runs. */
  async #time(graph: Graph, shape: TileShape, inputs: readonly GpuStorage[]): Promise<number> {
    const { device } = this;
    const { executable } = compileGraphForWebGpu(graph, { limits: { ...device.limits, tile: () => shape } });
    const program = loadGpuProgram(executable, device);
    try {
      await program.ready();
      let least = Infinity;
      for (let n = 0; n <= RUNS; n++) {
        await device.idle();
        const start = performance.now();
        for (const output of program.run(inputs)) output.release();
        await device.idle();
        // The first run warms up.
        if (n > 0) least = Math.min(least, performance.now() - start);
      }
      return least;
    } finally {
      program.dispose();
    }
  }
}

/** Declared cache: the table of each GPU. */
const tables = new WeakMap<GpuDevice, TileTable>();

export function tileTable(device: GpuDevice): TileTable {
  let table = tables.get(device);
  if (table === undefined) {
    table = new TileTable(device);
    tables.set(device, table);
  }
  return table;
}

function classKey({ dtype, batch, rows, depth, columns }: ProductClass): string {
  return `${dtype} ${batch}×${rows}×${depth}×${columns}`;
}

/** A part of a product that takes no longer than `most` multiply-adds. */
function within(product: ProductClass, most: number): ProductClass {
  let { batch, rows, columns, depth } = product;
  while (batch * rows * columns * depth > most) {
    if (batch > 1) batch /= 2;
    else if (depth >= rows && depth >= columns) depth /= 2;
    else if (rows >= columns) rows /= 2;
    else columns /= 2;
  }
  return { ...product, batch, rows, columns, depth };
}

function productGraph({ dtype, batch, rows, columns, depth }: ProductClass): Graph {
  const b = new GraphBuilder();
  const left = b.input(tensorType(dtype, [batch, rows, depth]));
  const right = b.input(tensorType(dtype, [batch, depth, columns]));
  const params = {
    lhsContracting: [2],
    rhsContracting: [1],
    lhsBatch: [0],
    rhsBatch: [0],
    precision: null,
    preferredElementType: null,
  };
  return b.finish("product", b.emit("dot_general", [left, right], params));
}

/** Zeros may be faster than other numbers, and what was left in a buffer may be NaN. */
function onesOf(dtype: ProductClass["dtype"], size: number): Uint8Array {
  return new Uint8Array(
    isFloating(dtype) ? new Float32Array(size).fill(1).buffer : new Int32Array(size).fill(1).buffer,
  );
}

function parseSaved(text: string | null): Saved | null {
  if (text === null) return null;
  try {
    const saved = JSON.parse(text) as Partial<Saved> | null;
    const tiles = saved?.tiles;
    if (typeof saved?.compiler !== "string" || typeof saved.adapter !== "string") return null;
    if (typeof tiles !== "object" || tiles === null) return null;
    if (!Object.values(tiles).every((name) => typeof name === "string")) return null;
    return { compiler: saved.compiler, adapter: saved.adapter, tiles };
  } catch {
    return null;
  }
}
