/** What GPUs need of the compiler and the runtime, and WebAssembly does not: one part, loaded as one. */
export { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
export { compileWebGpu } from "../../compiler/targets/wgsl/compile.ts";
export { gpuDevice } from "../../runtime/webgpu/default-device.ts";
export { loadGpuProgram } from "../../runtime/webgpu/loader.ts";
export { tileTable } from "./tile-table.ts";
