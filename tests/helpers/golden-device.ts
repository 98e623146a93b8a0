/** Where the goldens run: on Wasm, or on the device that `tests/webgpu/goldens.test.ts` names before it imports them. */
import { blockUntilReady, device, devicePut, type Platform } from "weft";

export interface GoldenRun {
  readonly platform: Platform;
  /** One case of every function, every case, or these with second derivatives and batches; the first two without. */
  readonly cases: "selection" | "all" | "derived";
  /** Tests that run at once: most of the time a device's driver compiles, beside the program. */
  readonly concurrency: number;
}

const VARIABLE = "WEFT_GOLDENS_ON";
const CONCURRENCY = 4;

/** The goldens that are imported from now on run on this device, as many as GOLDENS in the environment says. */
export function runGoldensOn(platform: Platform): void {
  process.env[VARIABLE] = platform;
}

/** Null: as usual, on Wasm. */
export function goldenRun(): GoldenRun | null {
  const platform = process.env[VARIABLE];
  if (platform === undefined) return null;
  const { GOLDENS } = process.env;
  const cases = GOLDENS === "all" || GOLDENS === "derived" ? GOLDENS : "selection";
  return { platform: platform as Platform, cases, concurrency: CONCURRENCY };
}

/** The same tree of arrays, where they can be read at once. */
export async function onHost<T>(tree: T): Promise<T> {
  return blockUntilReady(devicePut(tree, await device("wasm")) as T);
}
