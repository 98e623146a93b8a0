/** A page that keeps a table of measured tiles. */
import { device, indexedDbTileStore, jit, type NdArray, numpy as np } from "weft";

/** What IndexedDB had, what was measured, and whether another table could take it over. */
export async function keep() {
  const gpu = await device("webgpu");
  const found = await gpu.tiles.keepIn(indexedDbTileStore());
  const { graph } = jit((x: NdArray, y: NdArray) => x.matmul(y)).lower(np.ones([40, 50]), np.ones([50, 60]));
  const measured = found ? {} : await gpu.tiles.tune(graph);
  gpu.tiles.clear();
  const again = await gpu.tiles.keepIn(indexedDbTileStore());
  return { found, measured, again, kept: gpu.tiles.entries };
}
