import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, type NdArray } from "weft";
import { parameterNames } from "../frontend/transforms/parameter-names.ts";

test("names of parameters are read off the function's text", () => {
  assert.deepEqual(
    parameterNames((x: number) => x),
    ["x"],
  );
  assert.deepEqual(
    parameterNames(({ w, b }: { w: number; b: number }, x = [1, 2], y = String(")")) => [w, b, x, y]),
    [null, "x", "y"],
  );
  assert.deepEqual(
    parameterNames(function named(a: number, [b]: number[]) {
      return a + b;
    }),
    ["a", null],
  );
  assert.deepEqual(
    parameterNames(async (a: number) => a),
    ["a"],
  );
  assert.deepEqual(
    parameterNames(() => 0),
    [],
  );
  assert.deepEqual(parameterNames(Math.max), []);
});

test("fields of a destructured parameter name the graph's inputs", () => {
  const f = jit(({ w, b }: { w: NdArray; b: NdArray }, x: NdArray) => x.mul(w).add(b));
  const text = f.lower({ w: 1, b: 2 } as never, 3 as never).asText();
  assert.match(text, /%b: f32\[\], %w: f32\[\], %x: f32\[\]/);
});
