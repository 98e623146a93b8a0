/** random against JAX: keys, bits, integers and uniform numbers exactly; other distributions closely. */
import * as np from "../frontend/numpy/index.ts";
import * as random from "../frontend/random/index.ts";
import { a, goldenTests, m, u } from "./helpers/golden-api.ts";

const key = random.key(42);

/** With the random bits of JAX before 0.5. */
function legacy<T>(body: () => T): T {
  random.config.threefryPartitionable = false;
  try {
    return body();
  } finally {
    random.config.threefryPartitionable = true;
  }
}

goldenTests(
  {
    "random.key_data(random.key(42))": () => random.keyData(random.key(42)),
    "random.PRNGKey(-7)": () => random.PRNGKey(-7),
    "random.PRNGKey(2**31 + 5)": () => random.PRNGKey(2 ** 31 + 5),
    "random.split(key)": () => random.split(key),
    "random.split(key, 5)": () => random.split(key, 5),
    "random.split(key, (2, 3))": () => random.split(key, [2, 3]),
    "random.split(random.PRNGKey(3), 3)": () => random.split(random.PRNGKey(3), 3),
    "random.fold_in(key, 7)": () => random.foldIn(key, 7),
    "random.fold_in(key, 2**31)": () => random.foldIn(key, 2 ** 31),
    "random.bits(key)": () => random.bits(key),
    "random.bits(key, (7,))": () => random.bits(key, 7),
    "random.bits(key, (2, 3), dtype='uint16')": () => random.bits(key, [2, 3], { dtype: "uint16" }),
    "random.bits(key, (7,), dtype='uint8')": () => random.bits(key, 7, { dtype: "uint8" }),
    "random.uniform(key, (2, 5))": () => random.uniform(key, [2, 5]),
    "random.uniform(key, (7,), minval=-2.0, maxval=6.0)": () =>
      random.uniform(key, 7, { minval: -2, maxval: 6 }),
    "random.uniform(key, (5,), dtype='float16')": () => random.uniform(key, 5, { dtype: "float16" }),
    "random.uniform(key, (2, 5), minval=a, maxval=a + 1)": () =>
      random.uniform(key, [2, 5], { minval: a, maxval: a.add(1) }),
    "random.randint(key, (9,), 0, 10)": () => random.randint(key, 9, 0, 10),
    "random.randint(key, (9,), -2**31, 2**31 - 1)": () => random.randint(key, 9, -(2 ** 31), 2 ** 31 - 1),
    "random.randint(key, (9,), 0, 256, dtype='uint8')": () =>
      random.randint(key, 9, 0, 256, { dtype: "uint8" }),
    "random.randint(key, (9,), -5, 5, dtype='int16')": () =>
      random.randint(key, 9, -5, 5, { dtype: "int16" }),
    "random.randint(key, (3,), jnp.array([0, 10, 20]), jnp.array([5, 11, 10]))": () =>
      random.randint(
        key,
        3,
        np.array([0, 10, 20], { dtype: "int32" }),
        np.array([5, 11, 10], { dtype: "int32" }),
      ),
    "random.randint(key, (9,), -500, 300, dtype='int8')": () =>
      random.randint(key, 9, -500, 300, { dtype: "int8" }),
    "random.randint(key, (9,), jnp.uint32(5), jnp.uint32(4000000000), dtype='uint32')": () =>
      random.randint(key, 9, 5, 4000000000, { dtype: "uint32" }),
    "random.permutation(key, 10)": () => random.permutation(key, 10),
    "random.permutation(key, a)": () => random.permutation(key, a),
    "random.permutation(key, m)": () => random.permutation(key, m),
    "random.permutation(key, m, axis=1, independent=True)": () =>
      random.permutation(key, m, { axis: 1, independent: true }),
    "random.choice(key, 10, (4,))": () => random.choice(key, 10, 4),
    "random.choice(key, a, (2, 2))": () => random.choice(key, a, [2, 2]),
    "random.choice(key, 10, (4,), replace=False)": () => random.choice(key, 10, 4, { replace: false }),
    "random.choice(key, m, (2,), replace=False, axis=1)": () =>
      random.choice(key, m, 2, { replace: false, axis: 1 }),
    "random.choice(key, 5, (6,), p=u / u.sum())": () => random.choice(key, 5, 6, { p: u.div(u.sum()) }),
    "random.choice(key, 5, (3,), replace=False, p=u / u.sum())": () =>
      random.choice(key, 5, 3, { replace: false, p: u.div(u.sum()) }),
    "random.bernoulli(key, 0.3, (10,))": () => random.bernoulli(key, 0.3, 10),
    "random.bernoulli(key, u)": () => random.bernoulli(key, u),
    "random.rademacher(key, (8,))": () => random.rademacher(key, 8),
    "random.categorical(key, m)": () => random.categorical(key, m),
    "random.categorical(key, m, axis=0)": () => random.categorical(key, m, { axis: 0 }),
    "random.categorical(key, m, shape=(5, 3))": () => random.categorical(key, m, { shape: [5, 3] }),
    "random.categorical(key, m, shape=(2, 3), replace=False)": () =>
      random.categorical(key, m, { shape: [2, 3], replace: false }),
    "legacy(lambda: random.split(key, 3))": () => legacy(() => random.split(key, 3)),
    "legacy(lambda: random.fold_in(key, 3))": () => legacy(() => random.foldIn(key, 3)),
    "legacy(lambda: random.bits(key, (2, 3)))": () => legacy(() => random.bits(key, [2, 3])),
    "legacy(lambda: random.bits(key, (7,)))": () => legacy(() => random.bits(key, 7)),
    "legacy(lambda: random.bits(key, (7,), dtype='uint16'))": () =>
      legacy(() => random.bits(key, 7, { dtype: "uint16" })),
    "legacy(lambda: random.bits(key, (3, 3), dtype='uint8'))": () =>
      legacy(() => random.bits(key, [3, 3], { dtype: "uint8" })),
    "legacy(lambda: random.uniform(key, (5,)))": () => legacy(() => random.uniform(key, 5)),
    "legacy(lambda: random.randint(key, (5,), 0, 100))": () => legacy(() => random.randint(key, 5, 0, 100)),
    "legacy(lambda: random.permutation(key, 6))": () => legacy(() => random.permutation(key, 6)),
    "random.geometric(key, 0.3, (8,))": () => random.geometric(key, 0.3, 8),
  },
  { tolerance: 0 },
);

goldenTests(
  {
    "random.uniform(key, (7,), minval=-2.0, maxval=3.0)": () =>
      random.uniform(key, 7, { minval: -2, maxval: 3 }),
    "random.normal(key, (9,))": () => random.normal(key, 9),
    "random.normal(key)": () => random.normal(key),
    "random.truncated_normal(key, -1.0, 2.0, (9,))": () => random.truncatedNormal(key, -1, 2, 9),
    "random.gumbel(key, (9,))": () => random.gumbel(key, 9),
    "random.exponential(key, (9,))": () => random.exponential(key, 9),
    "random.laplace(key, (9,))": () => random.laplace(key, 9),
    "random.logistic(key, (9,))": () => random.logistic(key, 9),
    "random.cauchy(key, (9,))": () => random.cauchy(key, 9),
    "random.lognormal(key, 0.5, (9,))": () => random.lognormal(key, 0.5, 9),
    "random.pareto(key, 2.0, (9,))": () => random.pareto(key, 2, 9),
    "random.rayleigh(key, 2.0, (9,))": () => random.rayleigh(key, 2, 9),
    "random.weibull_min(key, 2.0, 1.5, (9,))": () => random.weibullMin(key, 2, 1.5, 9),
    "random.maxwell(key, (5,))": () => random.maxwell(key, 5),
    "random.triangular(key, -1.0, 0.5, 2.0, (9,))": () => random.triangular(key, -1, 0.5, 2, 9),
  },
  { tolerance: 4e-6 },
);
