/**
 * Transformations inside one another, against references without nesting: the derivative by a formula or finite
 * differences, the batch by a loop, the compiled function by the function.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkpoint,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearize,
  type NdArray,
  numpy as np,
  spec,
  stopGradient,
  valueAndGrad,
  vjp,
  vmap,
} from "weft";
import { close, flat } from "./helpers/close.ts";
import { Random } from "./helpers/random.ts";

type Fn = (x: NdArray) => NdArray;
const f64 = (data: readonly number[]) => np.array(new Float64Array(data));

/** The derivative of a scalar function at points, by central differences in doubles. */
function slopes(f: Fn, xs: readonly number[], h = 1e-5): number[] {
  return xs.map((x) => (f(f64([x + h]).reshape([])).item() - f(f64([x - h]).reshape([])).item()) / (2 * h));
}

const loopOf =
  (f: Fn) =>
  (xs: NdArray): number[][] =>
    [...xs].map((x) => flat(f(x)));

test("grad of vmap of jit of scan", () => {
  // The n-th power by a scan, for each element.
  const cube = jit(
    (x: NdArray) => lax.scan((c: NdArray) => [c.mul(x), null], np.array(1), null, { length: 3 })[0],
  );
  const f = (xs: NdArray) => np.sum(vmap(cube)(xs).mul(np.array([1, 2, 3])));
  close(grad(f)(np.array([1, 2, -1])), [3, 24, 9]);
  close(jit(grad(f))(np.array([1, 2, -1])), [3, 24, 9]);
  close(vmap(grad(grad(cube)))(np.array([1, 2, -1])), [6, 12, -6]);
});

test("jvp of grad is the Hessian times a vector", () => {
  const f = (x: NdArray) => np.sum(np.sin(x).mul(np.exp(x.mul(0.5)))).mul(np.prod(x));
  const x = f64([0.3, -0.7, 1.1]);
  const v = f64([1, -2, 0.5]);
  const h = hessian(f)(x);
  const [, product] = jvp(grad(f), [x], [v]);
  close(product, h.matmul(v), 1e-9);
  const [, again] = vjp(grad(f), [x]);
  close(again(v)[0], product, 1e-9);
  close(jit((x: NdArray, v: NdArray) => jvp(grad(f), [x], [v])[1])(x, v), product, 1e-9);
  const [, push] = linearize(grad(f), [x]);
  close(push(v), product, 1e-9);
  close(vmap((v: NdArray) => jvp(grad(f), [x], [v])[1])(np.eye(3, null, { dtype: "float64" })), h, 1e-9);
});

test("hessian of a jitted function, and a jitted hessian", () => {
  const f = (x: NdArray) => np.sum(np.exp(np.sin(x))).mul(np.sum(x.mul(x)));
  const x = f64([0.1, 0.5, -0.4]);
  const expected = jacfwd(jacrev(f))(x);
  for (const h of [
    hessian(jit(f)),
    jit(hessian(f)),
    jit(hessian(jit(f))),
    jacrev(jacfwd(f)),
    jacrev(jacrev(jit(f))),
  ]) {
    close(h(x), expected, 1e-9);
  }
  const symmetric = flat(expected.sub(expected.T));
  assert.ok(symmetric.every((d) => Math.abs(d) < 1e-12));
});

test("vmap of while with a batched predicate", () => {
  // Steps of Collatz, another number for each element.
  const steps = (n: NdArray) =>
    lax.whileLoop(
      ({ n }: { n: NdArray; count: NdArray }) => n.greater(1),
      ({ n, count }) => ({
        n: np.where(n.mod(2).equal(0), n.floorDivide(2), n.mul(3).add(1)),
        count: count.add(1),
      }),
      { n, count: np.array(0, { dtype: "int32" }) },
    ).count;
  const n = np.array([1, 2, 3, 7, 27, 97], { dtype: "int32" });
  assert.deepEqual(vmap(steps)(n).toArray(), [0, 1, 7, 16, 111, 118]);
  assert.deepEqual(jit(vmap(jit(steps)))(n).toArray(), [0, 1, 7, 16, 111, 118]);
  assert.deepEqual(vmap(vmap(steps))(n.reshape([2, 3])).toArray(), [
    [0, 1, 7],
    [16, 111, 118],
  ]);
  // Forward mode through a loop whose number of turns differs between elements.
  const grow = (x: NdArray) =>
    lax.whileLoop(
      (c: NdArray) => c.less(100),
      (c: NdArray) => c.mul(x),
      x,
    );
  const [values, tangents] = jvp(vmap(grow), [np.array([2, 3, 10])], [np.ones([3])]);
  close(values, [128, 243, 100]);
  close(tangents, [7 * 64, 5 * 81, 2 * 10]);
});

test("jit inside scan inside grad", () => {
  const cell = jit((h: NdArray, x: NdArray, w: NdArray) => np.tanh(h.mul(w).add(x)));
  const f = (w: NdArray, xs: NdArray) => {
    const [last, all] = lax.scan(
      (h: NdArray, x: NdArray) => {
        const next = cell(h, x, w);
        return [next, next.mul(next)];
      },
      xs.slice(0).mul(0),
      xs,
    );
    return last.add(np.sum(all));
  };
  const xs = f64([0.5, -0.2, 0.9, 0.1]);
  const byHand = (w: NdArray) => {
    let h = xs.slice(0).mul(0);
    let sum = h;
    for (const x of xs) {
      h = np.tanh(h.mul(w).add(x));
      sum = sum.add(h.mul(h));
    }
    return h.add(sum);
  };
  const w = f64([0.7]).reshape([]);
  close(f(w, xs), byHand(w), 1e-12);
  close(grad(f)(w, xs), slopes(byHand, [0.7]), 1e-7);
  close(grad(grad(f))(w, xs), slopes(grad(byHand), [0.7]), 1e-6);
  close(jit(grad(f, { argnums: [0, 1] }))(w, xs)[0], grad(byHand)(w), 1e-10);
  const ws = f64([0.1, 0.7, -1.3]);
  close(vmap(grad(f), { inAxes: [0, null] })(ws, xs), loopOf(grad(byHand))(ws), 1e-9);
});

test("checkpoint inside scan inside grad", () => {
  const body = (h: NdArray, x: NdArray) => np.sin(h.mul(1.5).add(np.exp(x.mul(h))));
  const run = (f: typeof body) => (x: NdArray) =>
    lax.scan((h: NdArray, _: null) => [f(h, x), h], x.mul(0.1), null, { length: 5 })[0];
  const x = f64([0.4]).reshape([]);
  const plain = run(body);
  const saved = run(checkpoint(body));
  close(saved(x), plain(x), 1e-12);
  close(grad(saved)(x), grad(plain)(x), 1e-12);
  close(grad(saved)(x), slopes(plain, [0.4]), 1e-6);
  close(jit(grad(grad(saved)))(x), grad(grad(plain))(x), 1e-9);
  close(vmap(grad(saved))(f64([0.1, 0.4])), vmap(grad(plain))(f64([0.1, 0.4])), 1e-10);
  // It keeps less: the residuals of the checkpointed loop are the carries alone.
  const xs = spec([256]);
  const memory = (f: Fn) =>
    jit(grad((v: NdArray) => np.sum(f(v))))
      .lower(xs)
      .compile()
      .memoryAnalysis().tempSize;
  assert.ok(
    memory(saved) < memory(plain),
    `${memory(saved)} bytes with checkpoint, ${memory(plain)} without`,
  );
});

test("custom rules inside vmap, scan and grad", () => {
  const clipped = customVjp((x: NdArray) => x.mul(1));
  clipped.defVjp(
    (x) => [x.mul(1), null],
    (_, ct) => [np.clip(ct, -1, 1)],
  );
  const f = (x: NdArray) => clipped(x.mul(3)).mul(10);
  close(vmap(grad(f))(np.array([1, 2])), [3, 3]);
  close(grad((x: NdArray) => np.sum(vmap(f)(x)))(np.array([1, 2])), [3, 3]);
  // The cotangent is clipped at every turn of the loop: 1 → 5 → 1 → 5 → 1 → 5, where it would be 125.
  close(
    jit(grad((x: NdArray) => lax.scan((c: NdArray) => [clipped(c.mul(5)), null], x, null, { length: 3 })[0]))(
      2,
    ),
    5,
  );

  const log1pexp = customJvp((x: NdArray) => np.log(np.exp(x).add(1)));
  log1pexp.defJvp(([x], [t]) => [log1pexp(x), t.mul(np.subtract(1, np.divide(1, np.exp(x).add(1))))]);
  const xs = f64([-2, 0.5, 3]);
  const sigmoid = flat(xs).map((x) => 1 / (1 + Math.exp(-x)));
  close(vmap(grad(log1pexp))(xs), sigmoid, 1e-12);
  close(
    vmap(grad(grad(log1pexp)))(xs),
    sigmoid.map((s) => s * (1 - s)),
    1e-12,
  );
  const second = jit(vmap((x: NdArray) => jvp(grad(log1pexp), [x], [1])[1]));
  close(
    second(xs),
    sigmoid.map((s) => s * (1 - s)),
    1e-12,
  );
});

test("control flow that depends on values, under grad outside of jit", () => {
  const collatzPower = (x: NdArray) => {
    let y = x;
    let turns = 0;
    while (y.item() < 100) {
      y = y.item() > 10 ? y.mul(x) : y.mul(2);
      turns++;
    }
    return y.mul(turns);
  };
  // 3 → 6 → 12 → 36 → 108: 4 turns of 12 x³ / 3 … = 4 · (4 x) · x².
  close(grad(collatzPower)(3), 4 * 4 * 3 * 9);
  close(valueAndGrad(collatzPower)(3), [432, 432]);
  close(grad(grad(collatzPower))(3), 16 * 6 * 3);
  close(jvp(collatzPower, [3], [1])[1], 432);
  // A jitted part and an outer grad that looks at its result.
  const inner = jit((x: NdArray) => np.sin(x));
  const chosen = (x: NdArray) => (inner(x).item() > 0 ? inner(x).mul(2) : x);
  close([grad(chosen)(1), grad(chosen)(-1)], [2 * Math.cos(1), 1]);
  assert.throws(() => jit(grad(collatzPower))(3), /Abstract tracer value/);
  assert.throws(() => vmap(grad(collatzPower))(np.array([3])), /Abstract tracer value/);
});

test("captured tracers of several levels", () => {
  const f = (x: NdArray) =>
    grad((y: NdArray) => grad((z: NdArray) => x.mul(x).mul(y).mul(y).mul(y).mul(z).mul(z))(y.mul(1)))(x);
  // ∂/∂z = 2 x² y³ z at z = y as a function of y: 2 x² y⁴ with z held equal y; its derivative is 8 x² y³ at y = x.
  close(f(np.array(2)), 8 * 2 ** 5);
  close(grad(f)(2), 8 * 5 * 2 ** 4);
  const g = (x: NdArray) =>
    np.sum(
      vmap((y: NdArray) =>
        lax.cond(
          y.greater(x),
          (z: NdArray) => z.mul(x),
          (z: NdArray) => z.add(x),
          y,
        ),
      )(np.array([1, 2, 3])),
    );
  close(grad(g)(1.5), 1 + 2 + 3);
  close(vmap(grad(g))(np.array([0.5, 1.5, 9])), [6, 6, 3]);
  const h = (x: NdArray) =>
    lax.scan(
      (c: NdArray, y: NdArray) => [c.add(grad((z: NdArray) => z.mul(z).mul(x))(y)), null],
      np.array(0),
      np.array([1, 2]),
    )[0];
  close([h(np.array(5)), grad(h)(5)], [30, 6]);
});

test("stopGradient at every depth", () => {
  const f = (x: NdArray) => stopGradient(x.mul(x)).mul(x);
  close([grad(f)(3), grad(grad(f))(3), jit(grad(f))(3)], [9, 0, 9]);
  close(vmap(grad(f))(np.array([1, 2])), [1, 4]);
  close(grad((x: NdArray) => lax.scan((c: NdArray) => [f(c), null], x, null, { length: 2 })[0])(2), 4 * 64);
});

/** Functions of one number, each with a nest inside, that are smooth on [0.2, 1.5]. */
const PIECES: [string, Fn][] = [
  ["sin", (x) => np.sin(x)],
  ["tanh of a product", (x) => np.tanh(x.mul(0.7)).add(x)],
  ["jit", jit((x: NdArray) => np.exp(x.mul(0.3)))],
  ["scan", (x) => lax.scan((c: NdArray) => [np.sin(c).add(x.mul(0.5)), null], x, null, { length: 3 })[0]],
  ["fori", (x) => lax.foriLoop(0, 3, (_: NdArray, c: NdArray) => c.mul(0.5).add(np.cos(x)), x)],
  [
    "cond",
    (x) =>
      lax.cond(
        x.less(10),
        (y: NdArray) => y.mul(y),
        (y: NdArray) => y.neg(),
        x,
      ),
  ],
  ["vmap", (x) => np.sum(vmap((y: NdArray) => y.mul(x).mul(0.2))(np.array([1, 2, 3])))],
  ["grad", (x) => grad((y: NdArray) => np.sin(y).mul(x))(x)],
  ["jvp", (x) => jvp((y: NdArray) => np.exp(y.mul(0.2)), [x], [x])[1]],
  ["checkpoint", checkpoint((x: NdArray) => np.log(x.mul(x).add(1)))],
  [
    "matmul",
    (x) =>
      np.sum(
        np
          .full([2, 2], 0.5, { dtype: x.dtype })
          .mul(x)
          .matmul(np.ones([2], { dtype: x.dtype })),
      ),
  ],
];

test("random compositions: first and second derivatives against differences, batches against loops", () => {
  const random = new Random(2);
  for (let round = 0; round < 8; round++) {
    const parts = Array.from({ length: 2 + random.below(2) }, () => random.pick(PIECES));
    const name = parts.map(([n]) => n).join(" → ");
    // Squeezed back into [0.2, 1.5] between the parts.
    const f: Fn = (x) => parts.reduce((y, [, piece]) => np.tanh(piece(y)).mul(0.6).add(0.85), x);
    const at = [0.3, 0.8, 1.2];
    const xs = f64(at);
    const first = slopes(f, at);
    close(vmap(grad(f))(xs), first, 2e-7, `${name}: vmap of grad`);
    close(jit(vmap(grad(jit(f))))(xs), first, 2e-7, `${name}: jit of vmap of grad of jit`);
    close(jvp(vmap(f), [xs], [xs.mul(0).add(1)])[1], first, 2e-7, `${name}: jvp of vmap`);
    close(grad((v: NdArray) => np.sum(vmap(f)(v)))(xs), first, 2e-7, `${name}: grad of vmap`);
    close(vmap(grad(grad(f)))(xs), slopes(grad(f), at), 2e-6, `${name}: second derivative`);
    close(vmap(jit(f))(xs), loopOf(f)(xs), 1e-12, `${name}: vmap against a loop`);
  }
});

test("types follow the functions", () => {
  const loss = (w: NdArray, batch: { x: NdArray; y: NdArray }) => np.sum(w.mul(batch.x).sub(batch.y));
  const batch = { x: np.ones([2]), y: np.ones([2]) };
  const g: NdArray = grad(loss)(np.ones([2]), batch);
  const [gw, gb]: [NdArray, { x: NdArray; y: NdArray }] = grad(loss, { argnums: [0, 1] })(g, batch);
  const [[value, aux], gradient] = valueAndGrad((x: NdArray) => [x.mul(x), { twice: x.mul(2) }] as const, {
    hasAux: true,
  })(3);
  close([value, aux.twice, gradient], [9, 6, 6]);
  close([gw, gb.y], [1, 1, -1, -1]);
  const compiled = jit(loss);
  const h = (): unknown[] => [
    // @ts-expect-error a string is no array
    compiled("w", batch),
    // @ts-expect-error the batch has no y
    compiled(g, { x: g }),
    // @ts-expect-error one argument too few
    grad(loss)(g),
    // @ts-expect-error an option that is none
    jit(loss, { staticArgs: [0] }),
    // @ts-expect-error axes are numbers
    vmap(loss, { inAxes: ["0"] }),
    // @ts-expect-error tangents of other arguments
    jvp(loss, [g, batch], [g]),
    // @ts-expect-error a gradient by one argument is no list
    grad(loss)(g, batch)[1],
    // @ts-expect-error arrays have no operator
    g * 2,
    // @ts-expect-error no such dtype
    spec([3], "float128"),
  ];
  assert.equal(typeof h, "function");
});
