import assert from "node:assert/strict";
import { test } from "node:test";
import type { ArrayLike, NdArray } from "../frontend/core/index.ts";
import {
  evalShape,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  makeJaxpr,
  spec,
  stopGradient,
  valueAndGrad,
  vjp,
  vmap,
} from "../frontend/index.ts";
import {
  add,
  array,
  close,
  cos,
  exp,
  greater,
  less,
  matmul,
  mul,
  onBoth,
  sin,
  sub,
  sum,
} from "./helpers/frontend-ops.ts";

const square = (x: ArrayLike) => mul(x, x);

onBoth("grad, by argument, by list, of trees", () => {
  const f = (w: NdArray, x: NdArray) => sum(mul(square(w), x));
  const w = array([1, 2]);
  const x = array([3, 4]);
  close(grad(f)(w, x), [6, 16]);
  close(grad(f, { argnums: 1 })(w, x), [1, 4]);
  close(grad(f, { argnums: -1 })(w, x), [1, 4]);
  const [gx, gw] = grad(f, { argnums: [1, 0] })(w, x);
  close(gx, [1, 4]);
  close(gw, [6, 16]);
  const loss = (p: { w: NdArray; b: [NdArray, null] }) => sum(mul(p.w, sin(p.b[0])));
  const g = grad(loss)({ w, b: [x, null] });
  close(g.w, [Math.sin(3), Math.sin(4)]);
  close(g.b[0], [Math.cos(3), 2 * Math.cos(4)]);
  assert.equal(g.b[1], null);
});

onBoth("grad to the third order, and of numbers", () => {
  const f = (x: NdArray) => sin(x);
  const x = 0.7;
  const first = grad(f);
  const second = grad((y: NdArray) => first(y));
  const third = grad((y: NdArray) => second(y));
  close(first(x), Math.cos(x));
  close(second(x), -Math.sin(x));
  close(third(x), -Math.cos(x));
});

onBoth("valueAndGrad and hasAux", () => {
  const f = (x: NdArray) => [sum(square(x)), { twice: mul(x, 2), n: 3 }] as const;
  const x = array([1, 2, 3]);
  const [[value, aux], g] = valueAndGrad(f, { hasAux: true })(x);
  assert.equal(value.item(), 14);
  close(aux.twice, [2, 4, 6]);
  assert.equal(aux.n.item(), 3);
  close(g, [2, 4, 6]);
  const [g2, aux2] = grad(f, { hasAux: true })(x);
  close(g2, [2, 4, 6]);
  close(aux2.twice, [2, 4, 6]);
  const [v, g3] = valueAndGrad((y: NdArray) => sum(square(y)))(x);
  assert.equal(v.item(), 14);
  close(g3, g2);
});

onBoth("a value that the derivative does not reach", () => {
  const x = array([1, 2]);
  close(grad((a: NdArray) => sum(mul(stopGradient(a), a)))(x), [1, 2]);
  close(grad((_: NdArray) => array([5], []))(x), [0, 0]);
  close(grad((a: NdArray) => sum(mul(a, 0)))(x), [0, 0]);
});

onBoth("value-dependent control flow under grad outside jit", () => {
  const steps: number[] = [];
  const f = (x: NdArray) => {
    let y = x;
    while (y.item() < 100) {
      y = square(y);
      steps.push(y.item());
    }
    return greater(y, 1000).item() ? mul(y, 2) : y;
  };
  close(grad(f)(3), 8 * 3 ** 7 * 2);
  assert.deepEqual(steps, [9, 81, 6561]);
  close(jvp(f, [3], [1])[1], 8 * 3 ** 7 * 2);
  close(vjp(f, [3])[1](array([1], []))[0], 8 * 3 ** 7 * 2);
  // In the second order the outer derivative sees through the inner one's concrete values.
  close(grad((y: NdArray) => grad(f)(y))(3), 8 * 7 * 3 ** 6 * 2);
  const iterated = (x: NdArray) => {
    let total: NdArray = array([0], []);
    for (const row of x) if (row.item() > 0) total = add(total, square(row));
    return total;
  };
  close(grad(iterated)(array([1, -2, 3])), [2, 0, 6]);
});

onBoth("jvp and linearize", () => {
  const f = (x: NdArray, p: { y: NdArray }) => ({ out: mul(sin(x), p.y), x });
  const x = array([1, 2]);
  const y = array([3, 4]);
  const [value, tangent] = jvp(f, [x, { y }], [array([1, 0]), { y: array([0, 1]) }]);
  close(value.out, [3 * Math.sin(1), 4 * Math.sin(2)]);
  close(tangent.out, [3 * Math.cos(1), Math.sin(2)]);
  close(tangent.x, [1, 0]);
  const [out, lin] = linearize(f, [x, { y }]);
  close(out.out, value.out);
  close(lin(array([1, 0]), { y: array([0, 1]) }).out, tangent.out);
  close(lin(array([2, 0]), { y: array([0, 0]) }).out, [6 * Math.cos(1), 0]);
});

onBoth("vjp, with integer arguments and aux", () => {
  const f = (x: NdArray, n: NdArray) => [mul(sin(x), n), n] as const;
  const [[out], pull] = vjp(f, [array([1, 2]), array([2, 3], [2], "int32")]);
  close(out, [2 * Math.sin(1), 3 * Math.sin(2)]);
  const [gx, gn] = pull([array([1, 10]), array([0, 0], [2], "int32")]);
  close(gx, [2 * Math.cos(1), 30 * Math.cos(2)]);
  assert.equal(gn.dtype, "int32");
  close(gn, [0, 0]);
  const [value, pull2, aux] = vjp((x: NdArray) => [square(x), cos(x)] as const, [3], { hasAux: true });
  assert.equal(value.item(), 9);
  close(aux, Math.cos(3));
  close(pull2(array([2], []))[0], 12);
});

onBoth("vmap over axes, trees of axes and out axes", () => {
  const m = array([1, 2, 3, 4, 5, 6], [2, 3]);
  const v = array([1, 10, 100]);
  const dot = (a: NdArray, b: NdArray) => sum(mul(a, b));
  close(vmap(dot, { inAxes: [0, null] })(m, v), [321, 654]);
  close(vmap(dot, { inAxes: [1, null] })(m, array([1, 10])), [41, 52, 63]);
  close(vmap(dot, { inAxes: [-1, null] })(m, array([1, 10])), [41, 52, 63]);
  const scale = (p: { a: NdArray; b: NdArray }) => ({ x: mul(p.a, p.b), same: p.b });
  const r = vmap(scale, { inAxes: [{ a: 0, b: null }], outAxes: { x: 1, same: null } })({ a: m, b: v });
  assert.deepEqual(r.x.shape, [3, 2]);
  close(r.x, [1, 4, 20, 50, 300, 600]);
  close(r.same, v);
  // An output that does not depend on the mapped argument is repeated.
  assert.deepEqual(vmap((_: NdArray) => v)(m).shape, [2, 3]);
  close(
    vmap((x: NdArray) => vmap((y: NdArray) => mul(x, y))(v))(v),
    [1, 10, 100, 10, 100, 1000, 100, 1000, 10000],
  );
  assert.deepEqual(vmap(() => v, { axisSize: 4 })().shape, [4, 3]);
});

onBoth("transformations in each other", () => {
  const f = (w: NdArray, x: NdArray) => sum(sin(mul(w, x)));
  const w = array([0.5, -1]);
  const xs = array([1, 2, 3, 4], [2, 2]);
  const rows = [
    [1, 2],
    [3, 4],
  ];
  const expected = rows.map(([a, b]) => [Math.cos(0.5 * a) * a, Math.cos(-b) * b]);
  const each = vmap(grad(f), { inAxes: [null, 0] });
  close(each(w, xs), expected);
  close(jit(each)(w, xs), expected);
  close(vmap(jit(grad(f)), { inAxes: [null, 0] })(w, xs), expected);
  const total = expected.reduce(([a, b], [c, d]) => [a + c, b + d]);
  const overBatch = (u: NdArray) => sum(vmap(f, { inAxes: [null, 0] })(u, xs));
  close(grad(overBatch)(w), total);
  close(jit(grad(jit(overBatch)))(w), total);
  // A gradient used inside of the function that is differentiated, closing over the outer variable.
  const outer = (a: NdArray) => sum(mul(a, grad((b: NdArray) => sum(mul(square(b), a)))(a)));
  close(grad(outer)(array([2, 3])), [6 * 4, 6 * 9]);
  close(jit(grad(outer))(array([2, 3])), [6 * 4, 6 * 9]);
  close(vmap(grad(outer))(array([2, 3], [2, 1])), [6 * 4, 6 * 9]);
});

onBoth("jit inside of grad, closing over the outer tracer", () => {
  const f = (x: NdArray) => {
    const inner = jit((y: NdArray) => mul(y, x));
    return sum(add(inner(x), inner(mul(x, 2))));
  };
  close(grad(f)(array([3])), [18]);
  close(grad(f)(array([5])), [30]);
});

onBoth("Jacobians of any shapes and trees", () => {
  const a = array([1, 2, 3, 4, 5, 6], [2, 3]);
  const f = (p: { x: NdArray; s: NdArray }) => ({ y: matmul(a, mul(p.x, p.s)) });
  const p = { x: array([1, 2, 3]), s: array([2], []) };
  for (const jacobian of [jacfwd, jacrev]) {
    const j = jacobian(f)(p);
    assert.deepEqual(j.y.x.shape, [2, 3]);
    close(j.y.x, [2, 4, 6, 8, 10, 12]);
    assert.deepEqual(j.y.s.shape, [2]);
    close(j.y.s, [14, 32]);
  }
  const g = (x: NdArray, y: NdArray) => mul(x, y);
  for (const jacobian of [jacfwd, jacrev]) {
    const [jy, jx] = jacobian(g, { argnums: [1, 0] })(a, a);
    assert.deepEqual(jx.shape, [2, 3, 2, 3]);
    close(jy, jx);
    assert.equal(sum(jx).item(), 21);
  }
});

onBoth("Hessians", () => {
  const f = (x: NdArray) => sum(mul(square(x), exp(x)));
  const h = hessian(f)(array([0, 1]));
  close(h, [2, 0, 0, 7 * Math.E]);
  const tree = hessian((p: { a: NdArray; b: NdArray }) => sum(mul(square(p.a), p.b)))({
    a: array([2, 3]),
    b: array([5, 7]),
  });
  close(tree.a.a, [10, 0, 0, 14]);
  close(tree.a.b, [4, 0, 0, 6]);
  close(tree.b.b, [0, 0, 0, 0]);
});

test("makeJaxpr and evalShape", () => {
  const f = (x: NdArray, y: NdArray) => ({ s: sum(mul(x, y)) });
  assert.equal(
    `${makeJaxpr(f)(spec([3]), spec([3]))}`,
    "{ lambda ; a:f32[3] b:f32[3]. let\n    c:f32[3] = mul a b\n    d:f32[] = reduce_sum[axes=(0,)] c\n  in (d,) }",
  );
  const shape = evalShape(f, spec([3]), spec([3]));
  assert.deepEqual(shape.s.shape, []);
  assert.equal(shape.s.dtype, "float32");
});

test("errors of grad", () => {
  const f = (x: NdArray) => mul(x, 2);
  assert.throws(
    () => grad(f)(array([1, 2, 3])),
    /Gradient only defined for scalar-output functions\. Output had shape: \(3,\)\.[\s\S]*frontend-transforms\.test\.ts/,
  );
  assert.throws(
    () => grad(f)(array([3], [], "int32")),
    /grad requires real- or complex-valued inputs \(input dtype that is a sub-dtype of np\.inexact\), but got int32/,
  );
  assert.throws(
    () => grad((p: { n: NdArray[] }) => p.n[1])({ n: [array([1]), array([1], [1], "uint8")] }),
    /but got uint8 for p\.n\[1\]/,
  );
  assert.throws(() => grad((x: NdArray) => less(x, 1))(3), /real-valued outputs.*got bool/);
  assert.throws(
    () => grad((x: NdArray) => [x, x])(3),
    /scalar-output functions\. Output was a tree of 2 arrays/,
  );
  assert.throws(() => grad(f, { argnums: 1 })(3), /argnums=1 is out of range.*1 positional argument\b/);
  assert.throws(() => grad(f, { hasAux: true })(3), /must return a pair/);
  assert.throws(
    () => grad((_: NdArray) => undefined)(3),
    /returned a value of type undefined.*return its result\?/,
  );
  assert.throws(() => grad(async (x: NdArray) => x)(3), /must not be async/);
});

test("errors of jvp, vjp and vmap", () => {
  const f = (x: NdArray) => mul(x, 2);
  assert.throws(
    () => jvp(f, [array([1, 2])], [array([1])]),
    /primal and tangent arguments to jvp do not match.*float32\[2\] and tangent float32\[1\]/,
  );
  const loose: (p: unknown) => NdArray = () => array([1]);
  assert.throws(
    () => jvp(loose, [{ a: array([1]) }], [{ b: array([1]) }]),
    /Tree structure of tangents.*tangent\[0\]: dict key mismatch: missing key a; unexpected key b/,
  );
  const [, pull] = vjp(f, [array([1, 2])]);
  assert.throws(() => pull(array([1, 2, 3])), /do not match.*float32\[2\] and cotangent float32\[3\]/);
  const g = (x: NdArray, p: { w: NdArray }) => add(x, p.w);
  assert.throws(
    () => vmap(g)(array([1, 2, 3]), { w: array([1, 2]) }),
    /inconsistent sizes for array axes to be mapped:\n {2}\* x \(args\[0\]\) of shape \(3,\) has size 3 along axis 0\n {2}\* p\.w \(args\[1\]\.w\) of shape \(2,\) has size 2/,
  );
  assert.throws(
    () => vmap(f, { inAxes: 1 })(array([1])),
    /rank should be at least 2, but is only 1.*argument x of f/,
  );
  assert.throws(() => vmap(f, { inAxes: null })(array([1])), /at least one non-null value in inAxes/);
  assert.throws(() => vmap(f, { inAxes: [0, 0] })(array([1])), /inAxes of length 2 for 1 arguments/);
  assert.throws(() => vmap(f, { outAxes: null })(array([1])), /mapped output but outAxes is null/);
  assert.throws(
    () => vmap(f, { outAxes: 3 })(array([1])),
    /axis 3 is out of bounds for array of dimension 1/,
  );
  assert.throws(
    () => vmap(g, { inAxes: [0, { v: 0 }] })(array([1]), { w: array([1]) }),
    /tree prefix.*inAxes\[1\]/,
  );
  // What is traced by vmap has no value.
  assert.throws(
    () => vmap((x: NdArray) => mul(x, x.item()))(array([1, 2])),
    /ConcretizationTypeError|concrete value/,
  );
  assert.throws(() => grad((x: NdArray) => sum(sub("a" as never, x)))(1), /not a valid array type/);
});
