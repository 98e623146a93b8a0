/** What a page sees of the GPU and of the engine. */
import { jit, numpy as np } from "weft";

export async function describeAdapter(): Promise<{ isolated: boolean; architecture: string | null }> {
  const adapter = (await navigator.gpu?.requestAdapter()) ?? null;
  return { isolated: crossOriginIsolated, architecture: adapter?.info.architecture ?? null };
}

/** Compiled to Wasm and run in the page. */
export function sumOfSquares(n: number): number {
  return jit(() => np.sum(np.square(np.arange(n))))().item();
}
