/** What a GPU can do at most, as shaders reach it: multiplications and additions in registers, and copying memory. */
import type { GpuShader } from "../../../compiler/program/webgpu.ts";
import type { GpuDevice } from "../../../runtime/webgpu/device.ts";
import { measureGpuKernels } from "./gpu-kernel-times.ts";
import type { Machine } from "./machine.ts";

const GROUP = 64;
const GROUPS = 256;
/** Vectors of four that an invocation keeps in registers. */
const ACCUMULATORS = 8;
const ITERATIONS = 256;
/** Bytes of the array that is copied: more than caches hold, less than the least limit of a binding. */
const ARRAY = 32 * 2 ** 20;

/** Measures it. Rejects with a GpuError where the device refuses the shaders. */
export async function measureGpuMachine(device: GpuDevice): Promise<Machine> {
  const { kernels } = await measureGpuKernels(
    { shaders: [COMPUTE, COPY], interface: { name: "machine" } },
    device,
  );
  const seconds = (name: string): number => (kernels.get(name)?.fastest ?? Infinity) / 1000;
  const operations = GROUPS * GROUP * ITERATIONS * ACCUMULATORS * 4 * 2;
  return {
    flops: operations / seconds(COMPUTE.name),
    bandwidth: (2 * ARRAY) / seconds(COPY.name),
    fused: false,
  };
}

const registers = Array.from({ length: ACCUMULATORS }, (_, i) => `a${i}`);

const COMPUTE: GpuShader = {
  name: "multiply_add",
  // Operands come from memory, so that nothing can be computed beforehand.
  wgsl: `
@group(0) @binding(0) var<storage, read> given: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> found: array<vec4f>;

@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = given[id.x];
  let y = given[id.x + ${GROUP * GROUPS}];
  ${registers.map((a, i) => `var ${a} = x + ${i}.0;`).join("\n  ")}
  for (var i = 0; i < ${ITERATIONS}; i++) {
    ${registers.map((a) => `${a} = ${a} * x + y;`).join("\n    ")}
  }
  found[id.x] = ${registers.join(" + ")};
}
`,
  bindings: [
    { access: "read", label: "given", bytes: 2 * GROUPS * GROUP * 16 },
    { access: "readwrite", label: "found", bytes: GROUPS * GROUP * 16 },
  ],
  counters: 0,
  workgroups: [GROUPS, 1, 1],
  features: [],
  sources: [],
};

const COPY: GpuShader = {
  name: "copy",
  wgsl: `
@group(0) @binding(0) var<storage, read> given: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> found: array<vec4f>;

@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  found[id.x] = given[id.x];
}
`,
  bindings: [
    { access: "read", label: "given", bytes: ARRAY },
    { access: "readwrite", label: "found", bytes: ARRAY },
  ],
  counters: 0,
  workgroups: [ARRAY / 16 / GROUP, 1, 1],
  features: [],
  sources: [],
};
