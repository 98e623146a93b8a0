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
export { blockUntilReady, deviceGet, devicePut } from "./transfer.ts";
