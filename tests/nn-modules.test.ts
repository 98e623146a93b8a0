/** Modules: names, sharing, errors, transformations; the numbers are in tests/golden/flax*.test.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { evalShape, grad, jit, type NdArray, nn, numpy as np, random, spec, tree, vmap } from "weft";

const key = random.key(0);
const x = np.ones([2, 3]);

/** The paths of all variables: `params.Dense_0.bias`. */
function paths(variables: object): string[] {
  return tree
    .leavesWithPath(variables)
    .map(({ path }) => tree.keystr(path, { simple: true, separator: "." }));
}

class MLP extends nn.Module {
  call(x: NdArray, { train = false }: { train?: boolean } = {}): NdArray {
    x = nn.relu(new nn.Dense({ features: 4 }).call(x));
    x = new nn.Dropout(0.5, { deterministic: !train }).call(x);
    return new nn.Dense({ features: 1 }).call(x);
  }
}

describe("names", () => {
  test("submodules made in call are named by class and number, in the order they are made", () => {
    class Model extends nn.Module {
      call(x: NdArray): NdArray {
        const first = new nn.Dense(1);
        const second = new nn.Dense(2);
        const named = new nn.Dense(3, { name: "head" });
        return np.concatenate([named.call(x), second.call(x), first.call(x)], { axis: 1 });
      }
    }
    const { params } = new Model().init(key, x);
    assert.deepEqual(params.Dense_0.bias.shape, [1]);
    assert.deepEqual(params.Dense_1.bias.shape, [2]);
    assert.deepEqual(params.head.bias.shape, [3]);
  });

  test("fields and what setup assigns are named by attribute, in lists and objects too", () => {
    class Model extends nn.Module {
      first = new nn.Dense(2);
      layers = [new nn.Dense(2), new nn.Dense(2)];
      heads!: { a: nn.Dense; b: nn.Dense[] };
      setup(): void {
        this.heads = { b: [new nn.Dense(2)], a: new nn.Dense(2) };
      }
      call(x: NdArray): NdArray {
        x = this.first.call(x);
        for (const layer of this.layers) x = layer.call(x);
        return this.heads.b[0].call(this.heads.a.call(x));
      }
    }
    const names = ["first", "heads_a", "heads_b_0", "layers_0", "layers_1"];
    assert.deepEqual(Object.keys(new Model().init(key, x).params).sort(), names);
    // Also where the model is itself made inside of another module.
    class Outer extends nn.Module {
      call(x: NdArray): NdArray {
        return new Model().call(x);
      }
    }
    assert.deepEqual(Object.keys(new Outer().init(key, x).params.Model_0).sort(), names);
  });

  test("a module used at several places has one set of parameters", () => {
    const shared = new nn.Dense(3);
    class Model extends nn.Module {
      a = shared;
      b = shared;
      call(x: NdArray): NdArray {
        return this.b.call(this.a.call(x));
      }
    }
    assert.deepEqual(paths(new Model().init(key, x)), ["params.a.bias", "params.a.kernel"]);
  });

  test("a subclass may call its superclass; both are named as one", () => {
    class Base extends nn.Module {
      call(x: NdArray): NdArray {
        return new nn.Dense(2).call(x);
      }
    }
    class Derived extends Base {
      override call(x: NdArray): NdArray {
        return super.call(x).add(1);
      }
    }
    assert.deepEqual(paths(new Derived().init(key, x)), ["params.Dense_0.bias", "params.Dense_0.kernel"]);
  });

  test("methods other than call make submodules where they are compact", () => {
    class Model extends nn.Module {
      @nn.compact
      encode(x: NdArray): NdArray {
        return new nn.Dense(2).call(x);
      }
      decode(x: NdArray): NdArray {
        return new nn.Dense(2).call(x);
      }
    }
    const model = new Model();
    assert.deepEqual(Object.keys(model.init(key, x, { method: "encode" }).params), ["Dense_0"]);
    assert.throws(
      () => model.init(key, x, { method: "decode" }),
      /AssignSubModuleError: Submodule Dense must be defined in `setup\(\)` or in a method wrapped in `@compact`/,
    );
  });

  test("a class may state its name, which does not follow its subclasses", () => {
    class A extends nn.Module {
      static readonly moduleName: string = "Shown";
      call(x: NdArray): NdArray {
        return x.mul(this.param("scale", nn.initializers.ones, []));
      }
    }
    class B extends A {}
    class Model extends nn.Module {
      call(x: NdArray): NdArray {
        return new B().call(new A().call(x));
      }
    }
    assert.deepEqual(Object.keys(new Model().init(key, x).params), ["Shown_0", "B_0"]);
  });
});

describe("init and apply", () => {
  const model = new MLP();
  const variables = model.init(key, x);

  test("options of apply and of call share one trailing object", () => {
    const still = model.apply(variables, x);
    const same = model.apply(variables, x, { train: false });
    assert.deepEqual(still.dataSync(), same.dataSync());
    const noisy = model.apply(variables, x, { train: true, rngs: { dropout: key } });
    assert.notDeepEqual(still.dataSync(), noisy.dataSync());
    // With an array for options, it is an argument like any other.
    assert.deepEqual(model.apply(variables, x, {}).dataSync(), still.dataSync());
  });

  test("with mutable, apply returns the changed collections and leaves the given ones alone", () => {
    class Counter extends nn.Module {
      call(): NdArray {
        const count = this.variable("state", "count", () => np.zeros([]));
        count.value = count.value.add(1);
        return count.value;
      }
    }
    const counter = new Counter();
    const first = counter.init(key);
    const [out, second] = counter.apply(first, { mutable: ["state"] });
    assert.equal(out.item(), 2);
    assert.deepEqual([first.state.count.item(), second.state.count.item()], [1, 2]);
    assert.throws(
      () => counter.apply(first),
      /ModifyScopeVariableError: Cannot update variable "count" in "\/" because collection "state" is immutable\.\nSay apply\(variables, …, \{ mutable: \["state"\] \}\)/,
    );
  });

  test("method names a method or a submodule, or is a function of the bound module", () => {
    class Auto extends nn.Module {
      encoder = new nn.Dense(2);
      decoder = new nn.Dense(3);
      call(x: NdArray): NdArray {
        return this.decode(this.encoder.call(x));
      }
      decode(z: NdArray): NdArray {
        return this.decoder.call(z);
      }
    }
    const auto = new Auto();
    const made = auto.init(key, x);
    const z = auto.apply(made, x, { method: (m: Auto, x: NdArray) => m.encoder.call(x) });
    assert.deepEqual(z.shape, [2, 2]);
    const y: NdArray = auto.apply(made, z, { method: "decode" });
    assert.deepEqual(y.dataSync(), auto.apply(made, x).dataSync());
    const [values, changed] = auto.apply(made, z, { method: "decode", mutable: true });
    assert.deepEqual(values.dataSync(), y.dataSync());
    assert.deepEqual(Object.keys(changed), ["params"]);
  });

  test("bind gives methods and submodules with their variables; unbind takes them off", () => {
    class Model extends nn.Module {
      inner!: nn.Dense;
      setup(): void {
        this.inner = new nn.Dense(3);
      }
      call(x: NdArray): NdArray {
        return this.inner.call(x);
      }
    }
    const model = new Model();
    const made = model.init(key, x);
    const bound = model.bind(made);
    assert.deepEqual(bound.call(x).dataSync(), model.apply(made, x).dataSync());
    assert.deepEqual(bound.inner.call(x).dataSync(), model.apply(made, x).dataSync());
    assert.deepEqual(bound.inner.path, ["inner"]);
    const { module, variables } = bound.inner.unbind();
    assert.ok(module instanceof nn.Dense);
    assert.deepEqual(module.apply(variables, x).dataSync(), bound.call(x).dataSync());
    assert.equal(model.inner, undefined);
  });

  test("intermediates are captured on demand", () => {
    const [, state] = model.apply(variables, x, { captureIntermediates: true });
    assert.deepEqual(Object.keys(state.intermediates).sort(), [
      "Dense_0",
      "Dense_1",
      "Dropout_0",
      "__call__",
    ]);
    assert.ok(!("intermediates" in variables));
  });

  test("perturb gives the gradient with respect to a value inside", () => {
    class Model extends nn.Module {
      call(x: NdArray): NdArray {
        return np.square(this.perturb("h", np.sin(x)));
      }
    }
    const model = new Model();
    const { perturbations } = model.init(key, x);
    const g = grad((p: nn.VariableTree) => np.sum(model.apply({ perturbations: p }, x)))(perturbations);
    assert.deepEqual(g.h.dataSync(), np.sin(x).mul(2).dataSync());
  });
});

describe("transformations", () => {
  const model = new MLP();
  const variables = model.init(key, x);
  const close = (a: NdArray, b: NdArray): void =>
    assert.ok(np.allclose(a, b, { rtol: 1e-5, atol: 1e-6 }).item());

  test("jit, grad and vmap of init and apply", () => {
    close(jit(model.apply)(variables, x), model.apply(variables, x));
    assert.deepEqual(paths(jit(model.init)(key, x)), paths(variables));
    const loss = (p: nn.VariableTree, x: NdArray): NdArray =>
      np.sum(np.square(model.apply({ params: p }, x)));
    const gradient = jit(grad(loss))(variables.params, x);
    const kernel: NdArray = gradient.Dense_0.kernel;
    assert.deepEqual(kernel.shape, [3, 4]);
    const each = vmap((x: NdArray) => model.apply(variables, x))(x);
    close(each, model.apply(variables, x));
    // An ensemble: parameters for each of three keys.
    const ensemble = vmap((key: random.PRNGKeyArray) => model.init(key, x))(random.split(key, 3));
    assert.deepEqual(ensemble.params.Dense_0.kernel.shape, [3, 3, 4]);
    const outputs = vmap((v: typeof variables) => model.apply(v, x))(ensemble);
    assert.deepEqual(outputs.shape, [3, 2, 1]);
  });

  test("shapes alone", () => {
    const lazy = model.lazyInit(key, spec([2, 3]));
    assert.deepEqual(lazy.params.Dense_0.kernel.dataSync(), variables.params.Dense_0.kernel.dataSync());
    const shapes = tree.leaves<{ shape: number[] }>(evalShape(() => model.init(key, x)));
    assert.deepEqual(
      shapes.map(({ shape }) => shape),
      [[4], [3, 4], [1], [4, 1]],
    );
  });

  test("an error inside leaves no module running", () => {
    class Broken extends nn.Module {
      call(x: NdArray): NdArray {
        new nn.Dense(3).call(x);
        throw new Error("broken");
      }
    }
    assert.throws(() => new Broken().init(key, x), /broken/);
    assert.throws(() => jit(new Broken().init)(key, x), /broken/);
    assert.equal(new nn.Dense(2).name, null);
    assert.deepEqual(paths(new nn.Dense(2).init(key, x)), ["params.bias", "params.kernel"]);
  });

  test("variables must not be made inside of a transformation within a module", () => {
    class Mixed extends nn.Module {
      call(x: NdArray): NdArray {
        return jit((x: NdArray) => new nn.Dense(2).call(x))(x);
      }
    }
    assert.throws(
      () => new Mixed().init(key, x),
      /JaxTransformError: Jax transforms and Flax models cannot be mixed\./,
    );
  });
});

describe("errors in Flax's words", () => {
  const dense = new nn.Dense(3);
  const variables = dense.init(key, x);
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      "no such collection",
      () => dense.apply({}, x),
      /ScopeCollectionNotFound: Tried to access "kernel" from collection "params" in "\/" but the collection is empty\./,
    ],
    [
      "parameters without their collection",
      () => dense.apply(variables.params, x),
      /ApplyScopeInvalidVariablesTypeError: The first argument passed to an apply function should be a dictionary of collections/,
    ],
    [
      "parameters wrapped twice",
      () => dense.apply({ params: variables }, x),
      /Expect the `variables` \(first argument\) passed to apply\(\) to be a dict with the structure \{"params": \.\.\.\}/,
    ],
    [
      "a missing parameter",
      () => dense.apply({ params: { bias: variables.params.bias } }, x),
      /ScopeParamNotFoundError: Could not find parameter named "kernel" in scope "\/"\.\nWhat is there: bias\./,
    ],
    [
      "a missing parameter below",
      () => new MLP().apply({ params: { Dense_1: variables.params } }, x),
      /Could not find parameter named "kernel" in scope "\/Dense_0"\.\nThere is nothing at that path/,
    ],
    [
      "another shape",
      () => dense.apply(variables, np.ones([2, 5])),
      /ScopeParamShapeError: For parameter "kernel" in "\/", the given initializer is expected to generate shape \(5, 3\), but the existing parameter it received has shape \(3, 3\)\./,
    ],
    [
      "a variable that is missing in a collection",
      () => {
        class Model extends nn.Module {
          call(): NdArray {
            return this.variable<NdArray>("state", "b").value;
          }
        }
        return new Model().apply({ state: { a: x } });
      },
      /ScopeVariableNotFoundError: No Variable named "b" for collection "state" exists in "\/"\./,
    ],
    [
      "no key for dropout",
      () => new MLP().apply(new MLP().init(key, x), x, { train: true }),
      /InvalidRngError: Dropout_0 needs PRNG for "dropout"\nSay apply\(variables, …, \{ rngs: \{ dropout: key \} \}\)/,
    ],
    [
      "no key at all",
      () => dense.init(np.ones([3]), x),
      /RNGs should be of shape \(2,\) or PRNGKey in Module Dense/,
    ],
    [
      "something else than keys",
      () => dense.init({ params: np.ones([3]) }, x),
      /rngs should be a dictionary mapping strings to `jax.PRNGKey`/,
    ],
    [
      "a call outside",
      () => dense.call(x),
      /CallCompactUnboundModuleError: Can't call compact methods on unbound modules/,
    ],
    [
      "a submodule that outlives its parent",
      () => {
        let leaked: nn.Dense | null = null;
        class Model extends nn.Module {
          call(x: NdArray): NdArray {
            leaked = new nn.Dense(3);
            return leaked.call(x);
          }
        }
        new Model().init(key, x);
        return (leaked as nn.Dense | null)?.param("other", nn.initializers.ones, [2]);
      },
      /must be initialized in `setup\(\)` or in a method wrapped in `@compact`/,
    ],
    [
      "a name twice",
      () => {
        class Model extends nn.Module {
          call(x: NdArray): NdArray {
            return new nn.Dense(3, { name: "a" }).call(new nn.Dense(3, { name: "a" }).call(x));
          }
        }
        return new Model().init(key, x);
      },
      /NameInUseError: Could not create submodule "a" in Module Model: Name in use\./,
    ],
    [
      "a parameter's name twice",
      () => {
        class Model extends nn.Module {
          call(): NdArray {
            this.param("a", nn.initializers.ones, []);
            return this.param("a", nn.initializers.ones, []);
          }
        }
        return new Model().init(key);
      },
      /Could not create param "a" in Module Model: Name in use\./,
    ],
    [
      "an attribute set outside of setup",
      () => {
        class Model extends nn.Module {
          last: NdArray | null = null;
          call(x: NdArray): NdArray {
            this.last = x;
            return x;
          }
        }
        return new Model().init(key, x);
      },
      /SetAttributeFrozenModuleError: Can't set last=.* for Module of type Model: Module instance is frozen outside of setup method\./,
    ],
    [
      "call as a property",
      () => {
        class Model extends nn.Module {
          call = (x: NdArray): NdArray => x;
        }
        return new Model().init(key, x);
      },
      /Model has `call` as a property; it should be a method/,
    ],
    ["unbound variables", () => dense.variables, /Can't access variables on unbound modules/],
    [
      "no such method",
      () => Reflect.apply(dense.apply, undefined, [variables, x, { method: "nothing" }]),
      /'Dense\.nothing' must be a callable, got nothing of that name/,
    ],
    [
      "deterministic nowhere",
      () => new nn.Dropout(0.5).init(key, x),
      /Parameter "deterministic" must be passed to the constructor or at call time\./,
    ],
    [
      "deterministic twice",
      () => new nn.Dropout(0.5, { deterministic: true }).init(key, x, { deterministic: true }),
      /Parameter "deterministic" was passed to the constructor and at call time\. Should be passed just once\./,
    ],
    ["no layers", () => new nn.Sequential([]).init(key, x), /Empty Sequential module/],
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

describe("tabulate", () => {
  test("counts floating operations of each module and of its pullback", () => {
    const table = new MLP().tabulate(key, x, { computeVjpFlops: true });
    const cells = table.split("\n").map((line) => line.split("│").map((cell) => cell.trim()));
    const dense = cells.find((row) => row[1] === "Dense_0") ?? [];
    // [2, 3] · [3, 4] and the bias; the pullback has two more products of the same size.
    assert.equal(dense[5], String(2 * 2 * 3 * 4 + 8));
    assert.ok(Number(dense[6]) >= 3 * 2 * 2 * 3 * 4);
    assert.match(table, /Total Parameters: 21 \(84 B\)$/);
  });

  test("shows the calls within a lifted function", () => {
    class Recurrent extends nn.Module {
      call(sequence: NdArray): NdArray {
        return new nn.RNN(new nn.SimpleCell({ features: 3 })).call(sequence);
      }
    }
    const lines = new Recurrent().tabulate(key, np.zeros([1, 4, 2])).split("\n");
    const paths = lines.flatMap((line) => line.split("│")[1]?.trim() || []);
    assert.deepEqual(paths.slice(-3), ["SimpleCell_0", "SimpleCell_0/i", "SimpleCell_0/h"]);
    assert.ok(paths.includes("RNN_0"));
  });

  test("shapes instead of arrays, and options of call", () => {
    const dropout = new nn.Dropout(0.5);
    assert.match(
      dropout.tabulate({ dropout: key }, x, { deterministic: false, computeFlops: false }),
      /deterministic: false/,
    );
  });
});
