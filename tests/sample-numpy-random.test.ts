/** samples/python/numpy against NumPy, bit for bit. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { type NdArray, numpy as np } from "weft";
import { defaultRng, type Generator } from "../samples/python/numpy/default-rng.ts";
import type { Seed } from "../samples/python/numpy/seed-sequence.ts";
import { GoldenContainer, type StoredArray } from "./helpers/golden-container.ts";

interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly out?: StoredArray;
  readonly sha256?: string;
  readonly shape?: readonly number[];
}

interface Header {
  readonly cases: readonly {
    readonly name: string;
    readonly seed: string | readonly string[];
    readonly calls: readonly Call[];
  }[];
}

const golden = new GoldenContainer<Header>("numpy-random");

/** NumPy's keywords to the port's arguments. */
function run(rng: Generator, { method, args, options: { size, ...options } }: Call): NdArray {
  const numbers = args as number[];
  const shape = (x: unknown): number | number[] | undefined => x as number | number[] | undefined;
  const operand = Array.isArray(args[0]) ? np.array(args[0], { dtype: "float64" }) : numbers[0]!;
  switch (method) {
    case "random":
      return rng.random(shape(args[0]));
    case "standard_normal":
      return rng.standardNormal(shape(args[0]));
    case "uniform":
      return rng.uniform(numbers[0], numbers[1], shape(size));
    case "normal":
      return rng.normal(numbers[0], numbers[1], shape(args[2]));
    case "integers":
      return rng.integers(numbers[0]!, numbers[1]!, shape(args[2]), options);
    case "permutation":
      return rng.permutation(operand);
    case "choice":
      return rng.choice(operand, shape(args[1]), options);
    default:
      throw new Error(`no method ${method}`);
  }
}

describe("default_rng", () => {
  for (const { name, seed, calls } of golden.header.cases) {
    test(name, () => {
      const parsed: Seed = typeof seed === "string" ? BigInt(seed) : seed.map(BigInt);
      const rng = defaultRng(parsed);
      for (const [i, call] of calls.entries()) {
        const out = run(rng, call);
        const where = `call ${i}, ${call.method}`;
        if (call.out !== undefined) {
          const expected = golden.array(call.out);
          assert.deepEqual(out.shape, expected.shape, where);
          assert.deepEqual([...out.dataSync()], [...expected.dataSync()], where);
        } else {
          const { buffer, byteOffset, byteLength } = out.dataSync();
          const digest = createHash("sha256")
            .update(new Uint8Array(buffer, byteOffset, byteLength))
            .digest("hex");
          assert.deepEqual(out.shape, call.shape, where);
          assert.equal(digest, call.sha256, where);
        }
      }
    });
  }

  test("shuffle is in place and agrees with permutation", () => {
    const list = Array.from({ length: 30 }, (_, i) => i);
    defaultRng(4).shuffle(list);
    assert.deepEqual(list, [...defaultRng(4).permutation(30).dataSync()]);
  });

  test("a wrong argument is refused in NumPy's words", () => {
    const rng = defaultRng(0);
    assert.throws(() => defaultRng(-1), /non-negative integer/);
    assert.throws(() => defaultRng(0.5), /must be an integer/);
    assert.throws(() => rng.normal(0, -1), /scale < 0/);
    assert.throws(() => rng.integers(3, 3), /low >= high/);
    assert.throws(() => rng.choice(3, 4, { replace: false }), /larger sample than population/);
    assert.throws(() => rng.choice(2, 1, { p: [0.5, 0.4] }), /do not sum to 1/);
  });
});
