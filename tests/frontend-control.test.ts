import assert from "node:assert/strict";
import { test } from "node:test";
import { cond, foriLoop, scan, switchCase, whileLoop } from "../frontend/control/index.ts";
import type { NdArray } from "../frontend/core/index.ts";
import { grad, jit, jvp, vmap } from "../frontend/index.ts";
import { add, array, close, convert, less, mul, onBoth, sin, sum } from "./helpers/frontend-ops.ts";

onBoth("scan carries, maps, stacks and reverses", () => {
  const xs = { a: array([1, 2, 3]), b: array([1, 2, 3, 4, 5, 6], [3, 2]) };
  const body = (c: { s: NdArray }, x: { a: NdArray; b: NdArray }) =>
    [{ s: add(c.s, x.a) }, { y: mul(x.b, c.s), s: c.s }] as [unknown, { y: NdArray; s: NdArray }];
  const [carry, ys] = scan(body, { s: array([10], []) }, xs);
  assert.equal(carry.s.item(), 16);
  close(ys.y, [10, 20, 33, 44, 65, 78]);
  close(ys.s, [10, 11, 13]);
  const [, back] = scan(body, { s: array([10], []) }, xs, { reverse: true });
  close(back.s, [15, 13, 10]);
  close(jit(() => scan(body, { s: array([10], []) }, xs, { unroll: 2 })[1].s)(), [10, 11, 13]);
});

onBoth("scan with captured values, numbers as carry, and no xs", () => {
  const rate = array([2], []);
  const f = (x: NdArray) => scan((c: NdArray) => [mul(c, mul(x, rate)), null], 1, null, { length: 5 })[0];
  close(f(array([3], [])), 6 ** 5);
  close(grad(f)(3), 5 * 2 * 6 ** 4);
  close(jit(grad(f))(3), 5 * 2 * 6 ** 4);
  close(grad((y: NdArray) => grad(f)(y))(3), 20 * 4 * 6 ** 3);
  close(vmap(f)(array([1, 2])), [32, 1024]);
  close(jvp(f, [3], [2])[1], 2 * 5 * 2 * 6 ** 4);
});

onBoth("foriLoop: a static count can be differentiated in reverse", () => {
  const f = (x: NdArray) => foriLoop(0, 4, (i, v) => mul(v, add(x, convert(i, "float32"))), x);
  close(f(array([1], [])), 1 * 1 * 2 * 3 * 4);
  const h = 1e-3;
  const g = (x: number) => x * x * (x + 1) * (x + 2) * (x + 3);
  close(grad(f)(1), (g(1 + h) - g(1 - h)) / (2 * h), 1e-4);
  close(
    foriLoop(3, 1, (_, v) => add(v, 1), array([7], [])),
    7,
  );
  close(
    foriLoop(2, 5, (i, v) => add(v, i), array([0], [], "int32")),
    9,
  );
  // A bound that is traced: a while loop.
  const dynamic = jit((n: NdArray, x: NdArray) => foriLoop(0, n, (_, v: NdArray) => mul(v, 2), x));
  close(dynamic(array([5], [], "int32"), array([3], [])), 96);
  close(dynamic(array([0], [], "int32"), array([3], [])), 3);
});

onBoth("whileLoop", () => {
  const limit = array([100], []);
  const f = (x: NdArray) =>
    whileLoop(
      ({ v }: { v: NdArray; n: NdArray }) => less(v, limit),
      ({ v, n }: { v: NdArray; n: NdArray }) => ({ v: mul(v, x), n: add(n, 1) }),
      { v: x, n: array([0], [], "int32") },
    );
  const r = f(array([3], []));
  assert.equal(r.v.item(), 243);
  assert.equal(r.n.item(), 4);
  assert.equal(jit(f)(3).v.item(), 243);
  close(jvp((x: NdArray) => f(x).v, [3], [1])[1], 5 * 81);
  assert.throws(() => grad((x: NdArray) => f(x).v)(3), /[Rr]everse-mode differentiation does not work/);
  close(vmap((x: NdArray) => f(x).n)(array([2, 3, 10])), [6, 4, 1]);
});

onBoth("cond and switch", () => {
  const c = array([5], []);
  const f = (x: NdArray) =>
    cond(
      less(x, 2),
      (y: NdArray) => ({ r: mul(y, c) }),
      (y: NdArray) => ({ r: sin(y) }),
      x,
    ).r;
  close(f(array([1], [])), 5);
  close(f(array([3], [])), Math.sin(3));
  close(grad(f)(1), 5);
  close(jit(grad(f))(3), Math.cos(3));
  close(vmap(f)(array([1, 3])), [5, Math.sin(3)]);
  close(
    cond(
      true,
      () => 1,
      () => 2,
    ),
    1,
  );
  close(
    cond(
      0,
      (x: NdArray) => x,
      (x: NdArray) => mul(x, 2),
      4,
    ),
    8,
  );
  const branches = [(x: NdArray) => x, (x: NdArray) => mul(x, 2), (x: NdArray) => mul(x, 3)];
  const pick = jit((i: NdArray, x: NdArray) => switchCase(i, branches, x));
  for (const [i, expected] of [
    [-1, 1],
    [0, 1],
    [1, 2],
    [2, 3],
    [9, 3],
  ]) {
    close(pick(array([i], [], "int32"), 1), expected);
  }
  close(switchCase(1, branches, 4), 8);
  // Both branches close over a traced value.
  close(
    grad((x: NdArray) =>
      cond(
        true,
        () => mul(x, x),
        () => x,
      ),
    )(3),
    6,
  );
});

test("errors of scan", () => {
  const x = array([1, 2, 3]);
  assert.throws(
    () =>
      scan(
        (_: { a: NdArray; b: NdArray }, y: NdArray) => [{ a: y, b: x }, y],
        { a: array([0], []), b: array([0], []) },
        x,
      ),
    /scan body function carry input and carry output must have equal types.*\n {2}\* the input carry component carry\.b has type float32\[\] but the corresponding output carry component has type float32\[3\], so the shapes do not match/,
  );
  assert.throws(
    () => scan((_: NdArray, y: NdArray) => [convert(y, "int32"), y], array([0], []), x),
    /carry has type float32\[\].*int32\[\], so the dtypes do not match/,
  );
  assert.throws(
    () => scan((c: NdArray[]) => [{ a: c[0] }, null], [x], null, { length: 2 }),
    /same pytree structure, but they differ: the carry: expected an array of 1, got an object/,
  );
  assert.throws(
    () => scan((c: NdArray) => c as never, x, null, { length: 2 }),
    /must be a pair \[carry, y\]/,
  );
  assert.throws(() => scan((c: NdArray) => [c, null], x, null), /`length` not provided/);
  assert.throws(
    () => scan((c: NdArray) => [c, null], x, { a: x, b: array([1]) }),
    /different leading axis sizes: xs\.a: 3, xs\.b: 1/,
  );
  assert.throws(
    () => scan((c: NdArray) => [c, null], x, x, { length: 2 }),
    /`length` argument of 2 which disagrees/,
  );
  assert.throws(
    () => scan((c: NdArray) => [c, null], x, array([1], [])),
    /no leading axis to scan over: xs is a scalar/,
  );
});

test("errors of while, cond and switch", () => {
  const x = array([1, 2, 3]);
  assert.throws(
    () =>
      whileLoop(
        (v: NdArray) => v,
        (v: NdArray) => v,
        1,
      ),
    /must return a boolean scalar, but got output type float32\[\]/,
  );
  assert.throws(
    () =>
      whileLoop(
        (v: NdArray) => less(v, 1),
        (v: NdArray) => v,
        x,
      ),
    /boolean scalar, but got output type bool\[3\]/,
  );
  assert.throws(
    () =>
      whileLoop(
        () => true,
        () => [x],
        x,
      ),
    /while_loop body function carry input and carry output must have the same pytree structure/,
  );
  assert.throws(
    () =>
      whileLoop(
        () => true,
        () => sum(x),
        x,
      ),
    /while_loop body function.*\n.*float32\[3\].*float32\[\]/,
  );
  assert.throws(
    () =>
      cond(
        x,
        () => 1,
        () => 2,
      ),
    /Pred must be a scalar, got float32\[3\]/,
  );
  assert.throws(
    () =>
      cond(
        true,
        (y: NdArray) => ({ a: y, b: y }),
        (y: NdArray) => ({ a: y, b: sum(y) }),
        x,
      ),
    /cond branches must have equal output types but they differ\.\n {2}\* the output\.b of false_fun .*float32\[\].*true_fun .*float32\[3\]/,
  );
  assert.throws(
    () =>
      cond(
        true,
        (y: NdArray): unknown => [y],
        (y: NdArray): unknown => ({ y }),
        x,
      ),
    /same pytree structure.*expected an object with keys \[y\], got an array of 1/,
  );
  assert.throws(() => switchCase(0, [] as (() => number)[]), /Empty branch sequence/);
  assert.throws(() => switchCase(1.5, [() => 1]), /must be scalar and of integer type, got float32/);
  // What is carried is not known while the loop is traced.
  assert.throws(
    () => foriLoop(0, 3, (_, v: NdArray) => (v.item() > 0 ? v : v), array([1], [])),
    /concrete value.*[\s\S]*for scan[\s\S]*lax\.whileLoop/,
  );
});
