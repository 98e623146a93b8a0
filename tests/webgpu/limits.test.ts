/** What an adapter cannot bind is refused when a function is compiled, by the names of the program and the array. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, type NdArray, numpy as np, spec } from "weft";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { DEFAULT_LIMITS, type GpuLimits } from "../../compiler/program/webgpu.ts";
import { requestAdapter } from "../../runtime/webgpu/adapter.ts";
import { createDevice } from "../../runtime/webgpu/device.ts";
import { loadGpuProgram } from "../../runtime/webgpu/loader.ts";

const elements = 40_000_000;
const doubled = jit((weights: NdArray) => weights.mul(2), { name: "doubled" });

test("a buffer beyond what one binding holds is refused with its size, the limit and the fix", () => {
  const { graph } = doubled.lower(spec([elements], "float32"));
  assert.throws(
    () => compileGraphForWebGpu(graph, { limits: DEFAULT_LIMITS }),
    /doubled: .* has 160000000 bytes, and this adapter binds at most 134217728\. Use smaller arrays, or run on Wasm\./,
  );
});

test("an adapter that binds more takes it, in a dispatch of two dimensions", () => {
  const { graph } = doubled.lower(spec([elements], "float32"));
  const limits = { ...DEFAULT_LIMITS, bindingBytes: 2 ** 30 };
  const [shader] = compileGraphForWebGpu(graph, { limits }).executable.shaders;
  const [x, y, z] = shader.workgroups;
  assert.ok(x <= 65535 && y > 1 && z === 1);
  assert.ok(x * y * 64 >= elements);
});

test("what was compiled for subgroups says so, and an adapter without them refuses it", async () => {
  const total = jit((x: NdArray) => [np.sum(x), np.argmax(x)], { name: "total" });
  const { graph } = total.lower(spec([100_000], "float32"));
  const limits: GpuLimits = { ...DEFAULT_LIMITS, features: ["subgroups"] };
  const { executable } = compileGraphForWebGpu(graph, { limits });
  const [first] = executable.shaders;
  assert.deepEqual(first.features, ["subgroups"]);
  assert.match(first.wgsl, /^enable subgroups;\nrequires subgroup_id;\n/);
  assert.match(first.wgsl, /subgroupShuffleDown/);
  for (const shader of compileGraphForWebGpu(graph, { limits: DEFAULT_LIMITS }).executable.shaders) {
    assert.deepEqual(shader.features, []);
    assert.doesNotMatch(shader.wgsl, /subgroup/);
  }
  const without = await createDevice(await requestAdapter(), { features: [] });
  assert.throws(
    () => loadGpuProgram(executable, without),
    /kernel .* of total.*needs the feature subgroups, which this adapter does not have/,
  );
  without.destroy();
});
