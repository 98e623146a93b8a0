/** Programs for WebGPU written by hand. */
import type { GpuStep, WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import type { DType } from "../../compiler/types/dtype.ts";

type Tensor = readonly [dtype: DType, shape: readonly number[]];

interface HandWritten {
  readonly name?: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly aliases?: readonly (number | null)[];
  readonly slots?: readonly number[];
  readonly constants?: Uint8Array;
  readonly shaders?: readonly (Partial<WebGpuExecutable["shaders"][number]> & { readonly wgsl: string })[];
  readonly schedule: readonly GpuStep[];
}

/** A program with everything that is not said filled in. */
export function program(p: HandWritten): WebGpuExecutable {
  const tensors = (list: readonly Tensor[], label: string) =>
    list.map(([dtype, shape], i) => ({ dtype, shape, label: `${label}${i}` }));
  const slots = p.slots ?? [];
  return {
    interface: {
      name: p.name ?? "program",
      inputs: tensors(p.inputs, "in"),
      outputs: tensors(p.outputs, "out"),
      aliases: p.aliases ?? p.outputs.map(() => null),
      tempBytes: slots.reduce((n, bytes) => n + bytes, 0),
      constants: p.constants ?? new Uint8Array(),
    },
    slots,
    shaders: (p.shaders ?? []).map((shader, i) => ({
      name: `k${i}`,
      bindings: [],
      counters: 0,
      workgroups: [1, 1, 1],
      features: [],
      sources: [],
      ...shader,
    })),
    schedule: p.schedule,
  };
}

/** A dispatch of `shader` on these buffers: `in0`, `out1`, `slot0`, `constant`. */
export function dispatch(
  shader: number,
  buffers: readonly string[],
  counters: readonly number[] = [],
): GpuStep {
  return { kind: "dispatch", shader, buffers: buffers.map(bufferOf), counters };
}

export function bufferOf(text: string) {
  const index = Number(/\d+$/.exec(text)?.[0] ?? 0);
  if (text.startsWith("in")) return { kind: "input", index } as const;
  if (text.startsWith("out")) return { kind: "output", index } as const;
  if (text.startsWith("slot")) return { kind: "slot", index } as const;
  return { kind: "constant" } as const;
}

export function place(buffer: string, offset = 0, strides: readonly { loop: number; stride: number }[] = []) {
  return { buffer: bufferOf(buffer), offset, strides };
}

/** `out[i] = EXPRESSION` for each of n float32 elements, where `x` is the element of the one input. */
export function elementwise(n: number, expression: string) {
  return {
    wgsl: `@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < ${n}u) { let x = a[id.x]; b[id.x] = ${expression}; }
}`,
    bindings: [
      { access: "read", label: "a", bytes: 4 * n },
      { access: "readwrite", label: "b", bytes: 4 * n },
    ],
    workgroups: [Math.ceil(n / 64), 1, 1],
  } as const;
}

/** `x = EXPRESSION` in place. */
export function inPlace(n: number, expression: string, counters = 0) {
  const digits = Array.from(
    { length: counters },
    (_, k) =>
      `@group(1) @binding(${2 * k}) var<uniform> low_${k}: u32;\n@group(1) @binding(${2 * k + 1}) var<uniform> high_${k}: u32;\n`,
  ).join("");
  return {
    wgsl: `@group(0) @binding(0) var<storage, read_write> b: array<f32>;
${digits}@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < ${n}u) { let x = b[id.x]; b[id.x] = ${expression}; }
}`,
    bindings: [{ access: "readwrite", label: "b", bytes: 4 * n }],
    workgroups: [Math.ceil(n / 64), 1, 1],
    counters,
  } as const;
}
