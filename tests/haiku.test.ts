/** Haiku's transform: names, errors, transformations; the numbers are in tests/golden/haiku.test.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { grad, jit, type NdArray, numpy as np, random, vmap } from "weft";
import * as hk from "weft/haiku";

const key = random.PRNGKey(0);
const x = np.ones([2, 3]);
const net = hk.transform((x: NdArray) => new hk.nets.MLP([4, 1]).call(x));

describe("transform", () => {
  test("init and apply under jit, grad and vmap", () => {
    const params = net.init(key, x);
    assert.deepEqual(Object.keys(params), ["mlp/~/linear_0", "mlp/~/linear_1"]);
    const out = net.apply(params, null, x);
    assert.ok(np.allclose(jit(net.apply)(params, null, x), out).item());
    const made: hk.HaikuTree = jit((key: NdArray) => net.init(key, x))(key);
    assert.deepEqual(made["mlp/~/linear_0"].w.dataSync(), params["mlp/~/linear_0"].w.dataSync());
    const g = grad((p: hk.HaikuTree) => np.sum(net.apply(p, null, x)))(params);
    assert.deepEqual(g["mlp/~/linear_1"].b.shape, [1]);
    const each = vmap((x: NdArray) => net.apply(params, null, x))(x);
    assert.ok(np.allclose(each, out).item());
  });

  test("a seed stands for its key", () => {
    const w = (rng: NdArray | number) => net.init(rng, x)["mlp/~/linear_0"].w.dataSync();
    assert.deepEqual(w(0), w(key));
  });

  test("apply leaves the parameters as they are", () => {
    const counter = hk.transformWithState(() => {
      const n = hk.getState("n", { shape: [], init: (shape) => np.zeros(shape) });
      hk.setState("n", n.add(1));
      return n;
    });
    const [params, state] = counter.init(null);
    const [first, next] = counter.apply(params, state, null);
    const [second] = counter.apply(params, next, null);
    assert.deepEqual([first.item(), second.item(), state["~"].n.item()], [0, 1, 0]);
  });

  test("an error inside leaves nothing running", () => {
    const broken = hk.transform(() => {
      new hk.Linear(2).call(x);
      throw new Error("broken");
    });
    assert.throws(() => broken.init(key), /broken/);
    assert.throws(() => new hk.Linear(2), /must be initialized inside an `hk.transform`/);
  });

  const params = net.init(key, x);
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      "a module outside",
      () => new hk.Linear(3),
      /All `hk\.Module`s must be initialized inside an `hk\.transform`\./,
    ],
    [
      "a parameter outside",
      () => hk.getParameter("w", []),
      /`hk\.get_parameter` must be used as part of an `hk\.transform`/,
    ],
    [
      "no key",
      () => net.init(null, x),
      /MissingRNGError: You must pass a non-None PRNGKey to init and\/or apply if you make use of random numbers\./,
    ],
    [
      "something else than a key",
      () => net.init(np.ones([3]), x),
      /Init must be called with an RNG as the first argument, the required signature is: `init\(rng, \.\.\.args\)`/,
    ],
    [
      "arguments in the wrong order",
      () => net.apply(params, x, x),
      /Apply must be called with an RNG as the second argument/,
    ],
    [
      "a missing parameter",
      () => net.apply({}, null, x),
      /Unable to retrieve parameter 'w' for module 'mlp\/~\/linear_0' All parameters must be created as part of `init`\./,
    ],
    [
      "another shape",
      () => net.apply(params, null, np.ones([2, 5])),
      /'mlp\/~\/linear_0\/w' with retrieved shape \(3, 4\) does not match shape=\(5, 4\) dtype=float32/,
    ],
    [
      "no parameters",
      () => net.apply(x as unknown as hk.HaikuTree, null, x),
      /params argument does not appear valid\. It should be a mapping/,
    ],
    [
      "state without saying so",
      () => hk.transform(() => hk.setState("a", x)).init(key),
      /NonEmptyStateError: If your transformed function uses `hk\.\{get,set\}_state` then use `hk\.transform_with_state`\./,
    ],
    [
      "state that is not there",
      () => hk.transformWithState(() => hk.getState("a")).init(key),
      /No value for 'a' in '~', perhaps set an init function\?/,
    ],
    [
      "a name twice",
      () =>
        hk
          .transform(() => {
            new hk.Linear(1, { name: "a_1" }).call(x);
            return new hk.Linear(1, { name: "a_1" }).call(x);
          })
          .init(key),
      /Module name 'a_1' is not unique\./,
    ],
    [
      "a name that is none",
      () => hk.transform(() => new hk.Linear(1, { name: "a/b" }).call(x)).init(key),
      /'a\/b' is not a valid module name \(must be a valid Python identifier\)/,
    ],
    [
      "a convolution of the wrong rank",
      () => hk.transform(() => new hk.Conv2D(1, 3).call(x)).init(key),
      /Input to ConvND needs to have rank in \[3, 4\], but input has shape \(2, 3\)\./,
    ],
    [
      "dropout without a key",
      () => hk.transform(() => new hk.nets.MLP([1]).call(x, { dropoutRate: 0.5 })).init(key),
      /When using dropout an rng key must be passed\./,
    ],
  ];
  for (const [name, run, message] of cases) {
    test(name, () =>
      assert.throws(run, (error) => {
        assert.match(String(error), message);
        return true;
      }),
    );
  }
});
