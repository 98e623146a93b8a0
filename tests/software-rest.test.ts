/** The rests of the event loop while a GPU in software works: no GPU is needed to see when they begin and end. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { type DawnClasses, restWhileWaiting } from "../runtime/webgpu/software-rest.ts";

/** Dawn's classes, with promises that are settled from here. */
function fakeClasses() {
  const settle: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  class Fake {
    readonly calls: unknown[][] = [];
    readonly #wait = (args: unknown[]): Promise<unknown> => {
      this.calls.push(args);
      return new Promise((resolve, reject) => settle.push({ resolve, reject }));
    };
    mapAsync(...args: unknown[]) {
      return this.#wait(args);
    }
    createComputePipelineAsync(...args: unknown[]) {
      return this.#wait(args);
    }
    onSubmittedWorkDone(...args: unknown[]) {
      return this.#wait(args);
    }
  }
  const classes = { GPUBuffer: Fake, GPUDevice: Fake, GPUQueue: Fake };
  restWhileWaiting(classes as unknown as DawnClasses);
  return { object: new Fake(), settle };
}

test("methods are called as before; what they give and refuse arrives", async () => {
  const { object, settle } = fakeClasses();
  const mapped = object.mapAsync(1, 0, 16);
  const made = object.createComputePipelineAsync({ label: "k0" });
  settle[0].resolve("mapped");
  settle[1].reject(new Error("refused"));
  assert.equal(await mapped, "mapped");
  await assert.rejects(made, /refused/);
  assert.deepEqual(object.calls, [[1, 0, 16], [{ label: "k0" }]]);
});

test("the loop turns once however many wait, and ends with the last of them", async (t) => {
  const scheduled: (() => void)[] = [];
  const { object, settle } = fakeClasses();
  const immediate = mock.method(globalThis, "setImmediate", (turn: () => void) => scheduled.push(turn));
  t.after(() => immediate.mock.restore());
  const turn = () => {
    const turns = scheduled.splice(0);
    for (const each of turns) each();
    return turns.length;
  };
  for (let i = 0; i < 3; i++) {
    const waits = [object.onSubmittedWorkDone(), object.mapAsync()];
    assert.equal(turn(), 1);
    assert.equal(turn(), 1);
    settle.pop()?.resolve(null);
    settle.pop()?.resolve(null);
    await Promise.all(waits);
  }
  assert.equal(turn(), 1, "the last turn sees that nothing is awaited");
  assert.equal(turn(), 0);
});
