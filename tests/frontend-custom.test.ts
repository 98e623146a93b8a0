import assert from "node:assert/strict";
import { test } from "node:test";
import type { NdArray } from "../frontend/core/index.ts";
import { checkpoint, customJvp, customVjp, grad, jit, jvp, stopGradient, vmap } from "../frontend/index.ts";
import { add, array, close, cos, exp, mul, neg, onBoth, sin, sum } from "./helpers/frontend-ops.ts";

/** sin with the derivative 10·cos, so that the rule's use shows. */
function markedSin() {
  const f = customJvp(function marked(x: NdArray) {
    return sin(x);
  });
  f.defJvp(([x]: [NdArray], [dx]: [NdArray]) => [f(x), mul(mul(cos(x), 10), dx)]);
  return f;
}

onBoth("customJvp: forward, reverse, second order, in jit, vmap and each other", () => {
  const f = markedSin();
  const slope = (x: number) => 10 * Math.cos(x);
  close(f(0.5), Math.sin(0.5));
  close(jvp(f, [0.5], [2])[1], 2 * slope(0.5));
  close(grad(f)(0.5), slope(0.5));
  close(jit(grad(f))(0.5), slope(0.5));
  close(grad(jit(f))(0.5), slope(0.5));
  close(vmap(grad(f))(array([0.1, 0.2])), [slope(0.1), slope(0.2)]);
  close(grad((x: NdArray) => sum(vmap(f)(x)))(array([0.1, 0.2])), [slope(0.1), slope(0.2)]);
  close(jit(vmap(grad(f)))(array([0.1, 0.2])), [slope(0.1), slope(0.2)]);
  close(grad((x: NdArray) => grad(f)(x))(0.5), -10 * Math.sin(0.5));
});

onBoth("customJvp with trees, integers, undifferentiated arguments and captured constants", () => {
  const c = array([3], []);
  const f = customJvp(
    (name: string, p: { x: NdArray; n: NdArray }) => ({ y: mul(p.x, c), n: p.n, label: name.length }),
    { nondiffArgnums: [0] },
  );
  type P = { x: NdArray; n: NdArray };
  f.defJvp((name: string, [p]: [P], [t]: [P]) => [
    f(name, p),
    { y: mul(t.x, mul(c, name.length)), n: t.n, label: 0 },
  ]);
  const g = (x: NdArray, name: string) => sum(f(name, { x, n: array([1], [], "int32") }).y);
  close(grad(g)(2, "abc"), 9);
  close(grad(g)(2, "abcd"), 12);
  close(grad(g)(2, "abc"), 9);
  close(jit(grad(g), { staticArgnums: 1 })(2, "ab"), 6);
});

onBoth("customVjp: reverse, in jit and vmap", () => {
  const clip = customVjp((x: NdArray, scale: NdArray) => mul(x, scale));
  const seen: string[] = [];
  clip.defVjp(
    (x, scale) => {
      seen.push("fwd");
      return [mul(x, scale), { scale }];
    },
    (res: { scale: NdArray }, ct: NdArray) => {
      seen.push("bwd");
      return [mul(mul(ct, res.scale), 100), null];
    },
  );
  close(clip(2, 3), 6);
  assert.deepEqual(seen, [], "without differentiation the rules are not asked");
  const f = (x: NdArray, s: NdArray) => sum(clip(x, s));
  close(grad(f)(2, 3), 300);
  assert.deepEqual(seen, ["fwd", "bwd"]);
  close(grad(f, { argnums: 1 })(2, 3), 0);
  close(jit(grad(f))(2, 3), 300);
  close(grad(jit(f))(2, 3), 300);
  close(vmap(grad(f), { inAxes: [0, null] })(array([1, 2]), 3), [300, 300]);
  close(grad((x: NdArray) => sum(vmap(clip, { inAxes: [0, null] })(x, 3)))(array([1, 2])), [300, 300]);
  assert.throws(
    () => jvp(f, [2, 3], [1, 0]),
    /can't apply forward-mode differentiation \(jvp\) to a custom_vjp function/,
  );
});

onBoth("customVjp with undifferentiated arguments, trees and integers", () => {
  const f = customVjp((p: { a: NdArray; n: NdArray }, power: number) => [mul(p.a, power), p.n] as const, {
    nondiffArgnums: [1],
  });
  f.defVjp(
    (p, power) => [[mul(p.a, power), p.n] as const, p.a],
    (power: number, a: NdArray, [ct]: [NdArray, NdArray]) => [{ a: mul(mul(ct, a), power * 2), n: null }],
  );
  const g = (a: NdArray, power: number) => sum(f({ a, n: array([1], [], "int32") }, power)[0]);
  close(grad(g)(5, 3), 30);
  close(grad(g)(5, 4), 40);
});

test("errors of custom rules", () => {
  const none = customJvp((x: NdArray) => sin(x));
  assert.throws(() => grad(none)(1), /No JVP defined for custom_jvp function/);
  assert.throws(() => grad(customVjp((x: NdArray) => sin(x)))(1), /No VJP defined for custom_vjp function/);
  const shape = customJvp((x: NdArray) => sin(x));
  shape.defJvp(([x]: [NdArray]) => [sin(x), array([1, 2])]);
  assert.throws(() => grad(shape)(1), /tangent_out must have the type float32\[\].*but has float32\[2\]/);
  const pair = customJvp((x: NdArray) => sin(x));
  pair.defJvp((([x]: [NdArray]) => sin(x)) as never);
  assert.throws(() => grad(pair)(1), /must produce a pair \[primal_out, tangent_out\]/);
  const count = customVjp((x: NdArray, y: NdArray) => mul(x, y));
  count.defVjp(
    (x, y) => [mul(x, y), null],
    (_, ct: NdArray) => [ct],
  );
  assert.throws(
    () => grad(count)(1, 2),
    /a cotangent for each of the 2 differentiated arguments, got a list of 1/,
  );
  const wrong = customVjp((p: { a: NdArray }) => p.a);
  wrong.defVjp(
    (p) => [p.a, null],
    (_, ct: NdArray) => [{ b: ct }],
  );
  assert.throws(
    () => grad(wrong)({ a: 1 }),
    /cotangent of argument 0 of .*: dict key mismatch: missing key a; unexpected key b/,
  );
  // A rule may not differentiate with respect to what it closes over.
  const closed = (z: NdArray) => {
    const f = customVjp((x: NdArray) => sin(x));
    f.defVjp(
      (x) => [sin(x), null],
      (_, ct: NdArray) => [mul(ct, z)],
    );
    return jit(grad(f))(1);
  };
  assert.throws(() => jit(closed)(2), /closed-over value|unexpected tracer/);
});

onBoth("a custom function differentiated by what it closes over is an error, not a zero", () => {
  const outer = (z: NdArray) => {
    const f = customVjp((x: NdArray) => mul(x, z));
    f.defVjp(
      (x) => [mul(x, x), x],
      (x: NdArray, ct: NdArray) => [mul(ct, x)],
    );
    const g = customJvp((x: NdArray) => mul(x, z));
    g.defJvp(([x], [dx]) => [x, dx]);
    return [f, g] as const;
  };
  for (const k of [0, 1] as const) {
    const through = (z: NdArray) => jit((x: NdArray) => outer(z)[k](x))(3);
    assert.throws(
      () => grad(through)(2),
      /with respect to a closed-over value[\s\S]*Pass the value as an argument/,
    );
    // Not differentiated, it is an ordinary value.
    close(grad((x: NdArray) => jit((z: NdArray) => outer(stopGradient(z))[k](x))(2))(3), k === 0 ? 3 : 1);
  }
});

onBoth("checkpoint gives the same derivatives", () => {
  const f = (x: NdArray, p: { w: NdArray }) => sum(sin(exp(mul(x, p.w))));
  const g = checkpoint(f);
  const x = array([0.1, 0.2]);
  const p = { w: array([1, 2]) };
  close(g(x, p), f(x, p));
  close(grad(g, { argnums: 1 })(x, p).w, grad(f, { argnums: 1 })(x, p).w);
  close(jit(grad(g))(x, p), grad(f)(x, p));
  const twice = (y: NdArray) => sum(grad(checkpoint((z: NdArray) => sum(sin(mul(z, z)))))(y));
  const plain = (y: NdArray) => sum(grad((z: NdArray) => sum(sin(mul(z, z))))(y));
  close(grad(twice)(x), grad(plain)(x));
  // It may close over what is differentiated.
  close(grad((z: NdArray) => sum(checkpoint((y: NdArray) => mul(y, z))(z)))(array([3])), [6]);
});

onBoth("stopGradient on trees", () => {
  const f = (x: NdArray) => {
    const { a, b } = stopGradient({ a: mul(x, 2), b: [x] });
    return sum(add(mul(a, x), neg(mul(b[0], x))));
  };
  close(grad(f)(array([3])), [3]);
  close(stopGradient(5), 5);
});
