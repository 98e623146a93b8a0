import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena, type Block } from "../runtime/arena.ts";
import { DisposedError } from "../runtime/errors.ts";
import { DeviceMemory } from "../runtime/storage.ts";

/** A reproducible stream of numbers in [0, 1). */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("the arena aligns, never overlaps, and coalesces", () => {
  const arena = new Arena();
  const random = stream(7);
  const live: Block[] = [];
  for (let step = 0; step < 4000; step++) {
    if (live.length > 0 && random() < 0.48) {
      arena.release(live.splice(Math.floor(random() * live.length), 1)[0]);
    } else {
      const bytes = Math.floor(random() < 0.1 ? random() * 3e5 : random() * 2000);
      const block = arena.allocate(bytes);
      assert.ok(block !== null);
      assert.equal(block.pointer % 64, 0);
      assert.ok(block.bytes >= bytes);
      assert.ok(block.pointer >= 65_536, "the bottom page is reserved");
      live.push(block);
    }
  }
  const sorted = [...live].sort((a, b) => a.pointer - b.pointer);
  for (let i = 1; i < sorted.length; i++) {
    assert.ok(sorted[i - 1].pointer + sorted[i - 1].bytes <= sorted[i].pointer, "blocks overlap");
  }
  assert.equal(
    arena.allocated,
    live.reduce((n, b) => n + b.bytes, 0),
  );
  for (const block of live) arena.release(block);
  assert.equal(arena.allocated, 0);
  // Everything has grown together again: one block of all there is.
  const { capacity } = arena;
  const whole = arena.allocate(capacity - 65_536);
  assert.ok(whole !== null);
  assert.equal(arena.capacity, capacity, "it did not have to grow");
});

test("releasing twice is an error", () => {
  const arena = new Arena();
  const block = arena.allocate(100);
  assert.ok(block !== null);
  arena.release(block);
  assert.throws(() => arena.release(block), /released twice/);
});

test("growing keeps contents and replaces the views", () => {
  const arena = new Arena();
  const small = arena.allocate(1000);
  assert.ok(small !== null);
  arena.u8.fill(42, small.pointer, small.pointer + 1000);
  const before = arena.u8;
  const large = arena.allocate(40 * 1024 * 1024);
  assert.ok(large !== null);
  assert.notEqual(arena.u8, before);
  assert.equal(before.byteLength, 0, "the old view is detached");
  assert.equal(arena.u8[small.pointer + 999], 42);
  arena.u8[large.pointer + large.bytes - 1] = 1;
});

test("what can never fit gives null, not an exception", () => {
  assert.equal(new Arena().allocate(5 * 2 ** 30), null);
});

test("the least recently used storage is evicted, and comes back with its bytes", () => {
  const memory = new DeviceMemory(new Arena());
  memory.limits = { softLimit: 5 * 8192, smallLimit: 1000 };
  const all = Array.from({ length: 5 }, (_, i) => memory.store(new Uint8Array(8192).fill(i + 1)));
  memory.clock++;
  all[0].pointer();
  memory.clock++;
  memory.store(new Uint8Array(8192));
  assert.deepEqual(
    all.map((s) => s.resident),
    [true, false, true, true, true],
    "the second was the least recently used, as the first was used since",
  );
  assert.equal(memory.residentBytes, 5 * 8192);
  memory.clock++;
  all[1].pointer();
  assert.equal(all[1].bytes()[8191], 2);
  assert.ok(all[1].resident);
  assert.equal(all[1].evicted, null);
});

test("what the running call uses is not evicted", () => {
  const memory = new DeviceMemory(new Arena());
  memory.limits = { softLimit: 2 * 8192, smallLimit: 1000 };
  const a = memory.store(new Uint8Array(8192).fill(1));
  const b = memory.store(new Uint8Array(8192).fill(2));
  memory.clock++;
  const pointers = [a.pointer(), b.pointer()];
  memory.allocate(8192);
  memory.allocate(8192);
  assert.deepEqual([a.pointer(), b.pointer()], pointers);
  assert.ok(a.resident && b.resident);
});

test("small storages are bounded in number", () => {
  const memory = new DeviceMemory(new Arena());
  memory.limits = { softLimit: 2 ** 20, smallLimit: 100 };
  const all = Array.from({ length: 500 }, (_, i) => {
    memory.clock++;
    return memory.store(new Uint8Array([i & 255]));
  });
  assert.equal(memory.residentCount, 100);
  assert.deepEqual(
    all.map((s) => s.bytes()[0]),
    all.map((_, i) => i & 255),
  );
});

test("dispose frees at once; shared bytes live until the last reference", () => {
  const memory = new DeviceMemory(new Arena());
  const storage = memory.store(new Uint8Array(8192));
  storage.retain();
  storage.release();
  assert.equal(storage.pointer() % 64, 0);
  storage.release();
  assert.equal(memory.arena.allocated, 0);
  assert.equal(memory.residentCount, 0);
  assert.throws(() => storage.pointer(), DisposedError);
  storage.release();
});

test("a donated storage names who took it", () => {
  const memory = new DeviceMemory(new Arena());
  const storage = memory.store(new Uint8Array([5]));
  const taken = memory.adopt(storage, "train_step");
  assert.equal(taken.bytes()[0], 5);
  assert.throws(() => storage.pointer(), /donated to train_step/);
});

test("evicted bytes of a dropped storage can be collected in a synchronous loop", () => {
  const memory = new DeviceMemory(new Arena());
  memory.limits = { softLimit: 8 * 2 ** 20, smallLimit: 1000 };
  // 400 MB in all, nothing kept.
  for (let i = 0; i < 400; i++) {
    memory.clock++;
    const owner = {};
    memory.allocate(2 ** 20).track(owner);
  }
  assert.ok(memory.residentBytes <= 8 * 2 ** 20);
  assert.ok(memory.arena.capacity < 64 * 2 ** 20);
});
