/** Devices: where arrays are and functions run. */
export {
  Device,
  defaultDevice,
  device,
  devices,
  type Platform,
  setDefaultDevice,
  WasmDevice,
  WebGpuDevice,
  withDefaultDevice,
} from "../core/device.ts";
export type { TileEntries, TileStore, TileTable } from "../core/tile-table.ts";
export { fileTileStore } from "./file-tile-store.ts";
export { indexedDbTileStore } from "./tile-stores.ts";
export { blockUntilReady, deviceGet, devicePut } from "./transfer.ts";
