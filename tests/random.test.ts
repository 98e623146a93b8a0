/** random: keys through transformations, refusals, and moments; the numbers themselves are in random-golden. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as lax from "../frontend/lax/index.ts";
import * as np from "../frontend/numpy/index.ts";
import * as random from "../frontend/random/index.ts";
import { grad, jit, vmap } from "../frontend/transforms/index.ts";
import * as tree from "../frontend/tree/index.ts";

const key = random.key(1);
const same = (x: np.NdArray, y: np.NdArray) => assert.deepEqual(x.toArray(), y.toArray());

test("typed keys and their words give the same numbers", () => {
  same(random.uniform(key, 5), random.uniform(random.PRNGKey(1), 5));
  same(random.keyData(key), random.PRNGKey(1));
  same(random.uniform(random.wrapKeyData(random.PRNGKey(1)), 5), random.uniform(key, 5));
});

test("splits iterate, and keys are trees", () => {
  const [k1, k2] = random.split(key);
  assert.ok(k1 instanceof random.PRNGKeyArray);
  assert.notDeepEqual(random.keyData(k1).toArray(), random.keyData(k2).toArray());
  const [r1] = random.split(random.PRNGKey(1));
  assert.ok(r1 instanceof np.NdArray);
  same(random.keyData(k1), r1);
  assert.equal(tree.leaves({ key, x: 1 }).length, 2);
  assert.deepEqual([...random.split(key, [2, 3]).shape], [2, 3]);
});

test("jit, vmap and scan pass keys through", () => {
  const draw = (k: random.PRNGKeyArray) => random.normal(k, 3);
  same(jit(draw)(key), draw(key));
  const keys = random.split(key, 4);
  const drawn = vmap(draw)(keys);
  for (const [i, k] of [...keys].entries()) same(drawn.slice(i), draw(k));
  const step = (k: random.PRNGKeyArray) => {
    const [next, use] = random.split(k);
    return [next, random.uniform(use)] as const;
  };
  const looped = jit((k: random.PRNGKeyArray) => {
    const words = random.keyData(k);
    const [, ys] = lax.scan(
      (c: np.NdArray) => {
        const [next, y] = step(random.wrapKeyData(c));
        return [random.keyData(next), y] as const;
      },
      words,
      null,
      { length: 3 },
    );
    return ys;
  })(key);
  let k = key;
  for (let i = 0; i < 3; i++) {
    const [next, y] = step(k);
    assert.equal(looped.slice(i).item(), y.item());
    k = next;
  }
});

test("a seed may be traced, and foldIn gives unlike keys", () => {
  same(jit((seed: np.NdArray) => random.PRNGKey(seed))(np.array(7, { dtype: "int32" })), random.PRNGKey(7));
  const folded = vmap((i: np.NdArray) => random.keyData(random.foldIn(key, i)))(np.arange(8));
  assert.equal(np.unique(folded.slice(":", 0)).size, 8);
});

const errors: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    "an array of keys",
    () => random.uniform(random.split(key), 3),
    /uniform accepts a single key, but was given a key array of shape \(2,\) != \(\)/,
  ],
  [
    "floats for a key",
    () => random.normal(np.ones(2), 3),
    /invalid PRNG key data: expected key_data\.dtype = uint32; got dtype=float32/,
  ],
  [
    "words of another number",
    () => random.normal(np.ones(3), 3),
    /expected key_data\.shape to end with \(2,\); got shape=\(3,\)/,
  ],
  ["no key", () => random.normal(3 as never, 3), /unexpected PRNG key type/],
  ["a seed with a fraction", () => random.key(0.5), /PRNG key seed must be an integer; got 0\.5/],
  [
    "an array of seeds",
    () => random.key(np.arange(2)),
    /key accepts a scalar seed, but was given an array of shape \(2,\)/,
  ],
  [
    "uniform integers",
    () => random.uniform(key, 3, { dtype: "int32" }),
    /dtype argument to `uniform` must be a float dtype, got int32/,
  ],
  [
    "randint floats",
    () => random.randint(key, 3, 0, 5, { dtype: "float32" }),
    /randint only accepts integer dtypes, got float32/,
  ],
  [
    "parameters of another shape",
    () => random.bernoulli(key, np.ones(2), 3),
    /Incompatible shapes for broadcasting/,
  ],
  [
    "too many without replacement",
    () => random.choice(key, 3, 4, { replace: false }),
    /Cannot take a larger sample \(size 4\) than population \(size 3\)/,
  ],
];
for (const [name, body, message] of errors) {
  test(`error: ${name}`, () => assert.throws(body, message));
}

test("moments of a few thousand draws are those of the distributions", () => {
  const n = 4096;
  const near = (x: np.NdArray, mean: number, std: number) => {
    assert.ok(Math.abs(x.mean().item() - mean) < (5 * std) / Math.sqrt(n), `mean ${x.mean().item()}`);
    assert.ok(Math.abs(x.std().item() - std) < 0.15 * std, `std ${x.std().item()}`);
  };
  near(random.normal(key, n), 0, 1);
  near(random.uniform(key, n), 0.5, Math.sqrt(1 / 12));
  near(random.uniform(key, n, { dtype: "float64" }), 0.5, Math.sqrt(1 / 12));
  near(random.exponential(key, n), 1, 1);
  near(random.laplace(key, n), 0, Math.SQRT2);
  near(random.logistic(key, n), 0, Math.PI / Math.sqrt(3));
  near(random.gumbel(key, n), 0.5772156649, Math.PI / Math.sqrt(6));
  near(random.bernoulli(key, 0.25, n).astype("float32"), 0.25, Math.sqrt(0.25 * 0.75));
  near(random.rademacher(key, n).astype("float32"), 0, 1);
  near(random.geometric(key, 0.25, n).astype("float32"), 4, Math.sqrt(12));
});

test("a permutation is one, and values stay within their bounds", () => {
  assert.deepEqual(np.sort(random.permutation(key, 100)).toArray(), np.arange(100).toArray());
  const cut = random.truncatedNormal(key, -0.5, 0.25, 1000);
  assert.ok(cut.min().item() > -0.5 && cut.max().item() < 0.25);
  const whole = random.randint(key, 1000, -3, 4);
  assert.deepEqual(np.unique(whole).toArray(), [-3, -2, -1, 0, 1, 2, 3]);
});

test("parameters of a distribution have derivatives", () => {
  const slope = grad((s: np.NdArray) => random.normal(key, 4).mul(s).sum())(np.array(2));
  assert.ok(Math.abs(slope.item() - random.normal(key, 4).sum().item()) < 1e-6);
});

test("lax.threefry2x32 of a key and counters gives Random123's known answers", () => {
  const words = (...xs: number[]) => np.array(xs, { dtype: "uint32" });
  const ones = 0xffffffff;
  // kat_vectors of Random123: threefry2x32 20, counter, key, result.
  for (const [count, key, want] of [
    [words(0, 0), words(0, 0), [0x6b200159, 0x99ba4efe]],
    [words(ones, ones), words(ones, ones), [0x1cb996fc, 0xbb002be7]],
    [words(0x243f6a88, 0x85a308d3), words(0x13198a2e, 0x03707344), [0xc4923a9c, 0x483df7a0]],
  ] as const) {
    assert.deepEqual(lax.threefry2x32(key, count).toArray(), want);
  }
  assert.deepEqual(lax.threefry2x32(words(1, 2), words(1, 2, 3)).shape, [3]);
  assert.throws(() => lax.threefry2x32(words(1), words(1, 2)), /takes a key of shape \(2,\)/);
});

test("keys name their generator, and another is refused", () => {
  assert.equal(random.keyImpl(random.key(1)), "threefry2x32");
  assert.equal(random.keyImpl(random.PRNGKey(1)), "threefry2x32");
  assert.equal(random.keyDtype(), "key<fry>");
  assert.throws(
    () => random.key(1, { impl: "rbg" as "threefry2x32" }),
    /unrecognized PRNG implementation "rbg"/,
  );
  assert.throws(
    () => random.PRNGKey(random.key(1) as never),
    /accepts a scalar seed, but was given a PRNG key/,
  );
});

test("multivariateNormal: every factorisation gives the covariance", () => {
  const cov = np.array([
    [2, 0.6],
    [0.6, 1],
  ]);
  for (const method of ["cholesky", "eigh", "svd"] as const) {
    const x = random.multivariateNormal(random.key(7), np.array([1, -1]), cov, 20000, { method });
    const centred = x.sub(np.array([1, -1]));
    const found = np.matmul(centred.T, centred).div(20000);
    assert.ok(np.max(np.abs(found.sub(cov))).item() < 0.06, method);
  }
  assert.throws(
    () => random.multivariateNormal(random.key(7), np.ones(3), cov),
    /requires cov\.shape == \(\.\.\., n, n\) for n=3, but got cov\.shape == \(2, 2\)/,
  );
});
