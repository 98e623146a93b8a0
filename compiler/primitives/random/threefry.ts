/**
 * Threefry-2x32 with 20 rounds: the counter-based generator under all of JAX's random numbers.
 *
 * J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; constants as in Random123's threefry.h
 * and in jax/_src/prng.py.
 */
import { definePrimitive, notDifferentiable } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { alignBatched } from "../batching.ts";
import { checkArity, checkSameShapes } from "../typing.ts";

/** Rotation distances; the two rows alternate between groups of four rounds. */
const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Skein's key schedule parity constant, for 32-bit words. */
const PARITY = 0x1bd11bda;

/** One block: two words from a key of two words and a counter of two. All uint32. */
export function threefryBlock(
  key: readonly [number, number],
  count: readonly [number, number],
): [number, number] {
  const keys = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
  let x0 = (count[0] + keys[0]) >>> 0;
  let x1 = (count[1] + keys[1]) >>> 0;
  for (let group = 0; group < 5; group++) {
    for (const r of ROTATIONS[group % 2]) {
      x0 = (x0 + x1) >>> 0;
      x1 = (((x1 << r) | (x1 >>> (32 - r))) ^ x0) >>> 0;
    }
    x0 = (x0 + keys[(group + 1) % 3]) >>> 0;
    x1 = (x1 + keys[(group + 2) % 3] + group + 1) >>> 0;
  }
  return [x0, x1];
}

function rotateLeft(s: ScalarOps, x: Expr, r: number): Expr {
  return s.or(s.shl(x, s.const(r, "uint32")), s.shrLogical(x, s.const(32 - r, "uint32")));
}

/** (key1, key2, count1, count2) → two words for each element. */
export const threefry2x32 = definePrimitive<Record<never, never>>({
  name: "threefry2x32",
  infer(inputs) {
    checkArity("threefry2x32", inputs, 4);
    if (inputs.some((t) => t.dtype !== "uint32")) {
      throw new WeftTypeError(
        `Arguments to threefry2x32 must have uint32 type, got ${inputs.map((t) => t.dtype).join(", ")}`,
      );
    }
    checkSameShapes("threefry2x32", inputs);
    return [inputs[0], inputs[0]];
  },
  evaluate([key1, key2, count1, count2]) {
    const { type } = key1;
    const first = new Float64Array(type.size);
    const second = new Float64Array(type.size);
    for (let i = 0; i < type.size; i++) {
      [first[i], second[i]] = threefryBlock([key1.data[i], key2.data[i]], [count1.data[i], count2.data[i]]);
    }
    return [
      { type, data: first },
      { type, data: second },
    ];
  },
  jvp: notDifferentiable("threefry2x32 gives integers, which have no derivative"),
  transpose: notDifferentiable("threefry2x32 gives integers, which have no derivative"),
  batch(b, inputs, dims, params, { size }) {
    const aligned = alignBatched(b, inputs, dims, size);
    return { outputs: b.emit("threefry2x32", aligned.inputs, params), dims: [aligned.dim, aligned.dim] };
  },
  lower: {
    kind: "map",
    cost: "expensive",
    element(s, inputs, i) {
      const [key1, key2, count1, count2] = inputs.map((x) => x(i));
      const keys = [key1, key2, s.xor(s.xor(key1, key2), s.const(PARITY, "uint32"))];
      let x0 = s.add(count1, keys[0]);
      let x1 = s.add(count2, keys[1]);
      for (let group = 0; group < 5; group++) {
        for (const r of ROTATIONS[group % 2]) {
          x0 = s.add(x0, x1);
          x1 = s.xor(rotateLeft(s, x1, r), x0);
        }
        x0 = s.add(x0, keys[(group + 1) % 3]);
        x1 = s.add(x1, s.add(keys[(group + 2) % 3], s.const(group + 1, "uint32")));
      }
      return [x0, x1];
    },
  },
  // Per block: 20 rounds of an addition, a rotation of three operations and a xor, and 19 operations on the keys.
  cost: ({ outputs }) => ({ flops: 119 * outputs[0].size, transcendentals: 0 }),
  test: {
    order: 0,
    ulp: 0,
    cases: [[], [5], [3, 7], [0], [2, 1, 9]].map((shape) => ({
      inputs: Array.from({ length: 4 }, () => ({ shape, dtype: "uint32" as const, domain: "any" as const })),
      params: {},
    })),
  },
});
