/** WebGPU in Node: an adapter without any manual step, a clean exit, and a message where there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gpuDevice, loadWebGpu } from "weft/runtime";
import { childRole, report, spawnChild } from "../helpers/child.ts";
import { dispatch, elementwise, program } from "./programs.ts";

const role = childRole();
if (role === "run") report(await run());
else if (role === "none") report(await gpuDevice().then(() => "found one", String));
else {
  test("a function loaded from its executable runs, and the process ends by itself", () => {
    const { status, stdout, stderr } = spawnChild("run");
    assert.equal(stderr.replace(/^weft: no GPU found; WebGPU runs on SwiftShader, in software\n$/, ""), "");
    assert.deepEqual(JSON.parse(stdout), { result: [2, 4, 6], same: true });
    assert.equal(status, 0);
  });

  test("without any driver the message says what to do", () => {
    const { stdout } = spawnChild("none", { env: { VK_DRIVER_FILES: "/nowhere/none.json" } });
    assert.match(stdout, /NoAdapterError: no GPU was found.*use device\(\\"wasm\\"\)/);
  });
}

async function run() {
  const device = await gpuDevice();
  const f = await loadWebGpu(
    program({
      inputs: [["float32", [3]]],
      outputs: [["float32", [3]]],
      shaders: [elementwise(3, "x * 2")],
      schedule: [dispatch(0, ["in0", "out0"])],
    }),
  );
  const [y] = await f.run(Float32Array.of(1, 2, 3));
  return { result: [...y], same: device === (await gpuDevice()) };
}
