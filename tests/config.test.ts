/** config: JAX's names, scoped settings, debugNans and debugInfs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  config,
  FloatingPointError,
  jit,
  type NdArray,
  numpy as np,
  random,
  withConfig,
} from "../frontend/index.ts";
import { scan } from "../frontend/lax/index.ts";

test("settings go by their names here and by JAX's", () => {
  assert.equal(config.debugNans, false);
  for (const name of ["debugNans", "debug_nans", "jax_debug_nans"]) {
    config.update(name, true);
    assert.equal(config.debugNans, true);
    config.update(name, false);
    assert.equal(config.debugNans, false);
  }
  assert.throws(() => config.update("jax_debug_nan", true), /Unrecognized config option: jax_debug_nan/);
  assert.throws(() => config.update("jax_enable_x64", true), /float64 needs no switch/);
  assert.equal(random.config, config);
});

test("withConfig puts back what was there, after an error too", () => {
  const key = random.key(3);
  const now = random.bits(key, 4).toArray();
  const old = withConfig({ threefryPartitionable: false }, () => random.bits(key, 4).toArray());
  assert.notDeepEqual(old, now);
  assert.throws(() =>
    withConfig({ debugInfs: true }, () => {
      throw new Error("inside");
    }),
  );
  assert.equal(config.debugInfs, false);
  assert.deepEqual(random.bits(key, 4).toArray(), now);
});

/** The error of `body` under a setting. */
function errorOf(settings: Parameters<typeof withConfig>[0], body: () => unknown): FloatingPointError {
  try {
    withConfig(settings, body);
  } catch (error) {
    assert.ok(error instanceof FloatingPointError, String(error));
    return error;
  }
  assert.fail("no error was thrown");
}

test("debugNans names the operation and the line, eagerly and under jit", () => {
  const x = np.array([1, -1]);
  const eager = errorOf({ debugNans: true }, () => np.log(x));
  assert.match(eager.message, /invalid value \(nan\) encountered in log/);
  assert.match(eager.message, /config\.test/);
  const f = jit((y: NdArray) => {
    const shifted = y.sub(2);
    const bad = np.sqrt(shifted);
    return bad.mul(3).sum();
  });
  const jitted = errorOf({ debugNans: true }, () => f(x));
  assert.match(jitted.message, /invalid value \(nan\) encountered in sqrt/);
  assert.match(jitted.message, /config\.test/);
  const nested = errorOf({ debugNans: true }, () => jit((y: NdArray) => f(y).add(1))(x));
  assert.match(nested.message, /encountered in sqrt/);
  assert.ok(Number.isNaN(f(x).item()), "without the setting a NaN is a value");
});

test("debugNans sees loops, inputs that hold a NaN already, and leaves other values alone", () => {
  const [, ys] = withConfig({ debugNans: true }, () =>
    scan((c, y) => [c.add(y), c], np.zeros([]), np.ones(3)),
  );
  assert.deepEqual(ys.toArray(), [0, 1, 2]);
  const loop = errorOf({ debugNans: true }, () =>
    scan((c, y) => [np.log(c.sub(y)), c], np.zeros([]), np.ones(3)),
  );
  assert.match(loop.message, /invalid value \(nan\) encountered in scan/);
  const infinite = np.array([1, 0]);
  assert.deepEqual(
    withConfig({ debugNans: true }, () => np.divide(1, infinite).toArray()),
    [1, Infinity],
  );
  const error = errorOf({ debugInfs: true }, () => np.divide(1, infinite));
  assert.match(error.message, /invalid value \(inf\) encountered in div/);
});

test("donated arguments survive while results are looked at", () => {
  const step = jit((x: NdArray) => x.add(1), { donateArgnums: 0 });
  const x = np.ones(3);
  assert.deepEqual(
    withConfig({ debugNans: true }, () => step(x).toArray()),
    [2, 2, 2],
  );
});
