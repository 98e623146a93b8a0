/** Every function of the math library in Wasm: the interpreter's bits, in lanes, in pairs of vectors and as a scalar. */
import { test } from "node:test";
import type { BufferParam } from "../../compiler/kernel/expr.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { mathFunctions } from "../../compiler/math/index.ts";
import { Random } from "../helpers/random.ts";
import { buffer, checkKernel, encode, kernelOf, sampleValues } from "./run-kernel.ts";

/** A step of two vectors, one of them, and a partial vector. */
const SIZE = 23;

for (const fn of mathFunctions) {
  test(`${fn.name} of ${fn.dtype}`, () => {
    const inputs = Array.from({ length: fn.arity }, (_, i) => buffer(`x${i}`, fn.dtype, SIZE));
    const b = new KernelBuilder();
    const outs = (["vector", "serial"] as const).map((kind): BufferParam => {
      const out = buffer(kind, fn.dtype, SIZE, "write");
      b.loop(SIZE, (i) => b.store(out, i, s.call(fn.name, ...inputs.map((x) => s.load(x, i)))), { kind });
      return out;
    });
    const kernel = kernelOf(b, [...inputs, ...outs]);
    for (const seed of [1, 2]) {
      const random = new Random(seed);
      const inDomain = (x: number): number => (fn.name === "exp_nonpositive" ? -Math.abs(x) : x);
      const contents = kernel.params.map((p) =>
        encode(p.dtype, sampleValues(p.dtype, SIZE, random).map(inDomain)),
      );
      // A fused product changes a result by few units in its last place, except where it is next to a zero.
      checkKernel(kernel, contents, { relaxed: fn.dtype === "float32" ? 1e-4 : 1e-11 });
    }
  });
}
