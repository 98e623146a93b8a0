/** ravelPytree, partials and registered classes, under transformations. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { flattenUtil, grad, jit, type NdArray, numpy as np, tree, vmap } from "../frontend/index.ts";

const { ravelPytree } = flattenUtil;

test("ravelPytree promotes, and unravel gives each leaf its dtype back", () => {
  const value = { b: np.array([1.5, 2.5]), a: [np.array([[3], [4]], { dtype: "int32" }), null], c: 7 };
  const [vector, unravel] = ravelPytree(value);
  assert.deepEqual([vector.dtype, vector.toArray()], ["float32", [3, 4, 1.5, 2.5, 7]]);
  const back = unravel(vector.mul(2)) as unknown as { a: [NdArray, null]; b: NdArray; c: NdArray };
  assert.deepEqual([back.a[0].dtype, back.a[0].toArray()], ["int32", [[6], [8]]]);
  assert.deepEqual([back.b.toArray(), back.c.item(), back.a[1]], [[3, 5], 14, null]);
  assert.throws(() => unravel(np.ones(4)), /expected an array of shape \(5,\), got \(4,\)/);
  assert.throws(
    () => unravel(np.ones(5, { dtype: "float64" })),
    /given array of dtype float64, but expected dtype float32/,
  );
  const [empty, nothing] = ravelPytree({ a: null });
  assert.deepEqual([empty.shape, empty.dtype, nothing(empty)], [[0], "float32", { a: null }]);
  // Leaves of one dtype: unravel takes any.
  assert.equal(ravelPytree([np.ones(2)])[1](np.ones(2, { dtype: "float64" }))[0].dtype, "float64");
});

test("ravelPytree works under jit, grad and vmap", () => {
  const params = { w: np.array([1, 2]), b: np.array(3) };
  const loss = (p: { w: NdArray; b: NdArray }): NdArray =>
    ravelPytree(p)[0]
      .mul(np.array([5, 6, 7]))
      .sum();
  const g = jit(grad(loss))(params);
  assert.deepEqual([g.b.item(), g.w.toArray()], [5, [6, 7]]);
  const rows = vmap((p: { w: NdArray }) => ravelPytree([p, p])[0])({
    w: np.array([
      [1, 2],
      [3, 4],
    ]),
  });
  assert.deepEqual(rows.toArray(), [
    [1, 2, 1, 2],
    [3, 4, 3, 4],
  ]);
});

test("partial is a callable tree: its arguments are traced, its function is structure", () => {
  const scale = (w: NdArray, x: NdArray): NdArray => w.mul(x).sum();
  const p = tree.partial(scale, np.array([2, 3]));
  const x = np.array([10, 20]);
  assert.equal(p(x).item(), 80);
  assert.deepEqual(tree.leaves(p).length, 1);
  assert.ok(tree.isPartial(tree.map((leaf) => leaf, p)));
  const apply = jit((f: typeof p, y: NdArray) => f(y));
  assert.equal(apply(p, x).item(), 80);
  assert.equal(apply(tree.partial(scale, np.array([1, 1])), x).item(), 30);
  const gradient = grad((f: typeof p) => f(x))(p) as unknown as typeof p;
  assert.deepEqual((gradient.args[0] as NdArray).toArray(), [10, 20]);
  assert.ok(!tree.sameStructure(tree.structure(p), tree.structure(tree.partial((w: NdArray) => w, 1))));
});

class Layer {
  constructor(
    readonly w: NdArray,
    readonly activation: string,
  ) {}
  apply(x: NdArray): NdArray {
    return this.activation === "tanh" ? np.tanh(x.mul(this.w)) : x.mul(this.w);
  }
}
tree.registerDataclass<Layer, typeof Layer>(Layer, { dataFields: ["w"], metaFields: ["activation"] });

class Mode {
  constructor(readonly name: string) {}
  equals(other: unknown): boolean {
    return other instanceof Mode && other.name === this.name;
  }
}
tree.registerStatic<Mode, typeof Mode>(Mode);

class Pair {
  constructor(
    readonly first: unknown,
    readonly second: unknown,
  ) {}
}
tree.registerPytreeWithKeys(
  Pair,
  (pair) => [
    [
      ["first", pair.first],
      ["second", pair.second],
    ],
    "aux",
  ],
  (_, [first, second]) => new Pair(first, second),
);

test("dataclasses, static values and classes with keys", () => {
  let traces = 0;
  const run = jit((layer: Layer, mode: Mode, x: NdArray) => {
    traces++;
    return mode.name === "double" ? layer.apply(x).mul(2) : layer.apply(x);
  });
  const x = np.array([1, 2]);
  assert.deepEqual(run(new Layer(np.array([3, 4]), "none"), new Mode("double"), x).toArray(), [6, 16]);
  assert.deepEqual(run(new Layer(np.array([1, 1]), "none"), new Mode("double"), x).toArray(), [2, 4]);
  assert.equal(traces, 1);
  run(new Layer(np.array([1, 1]), "tanh"), new Mode("double"), x);
  run(new Layer(np.array([1, 1]), "tanh"), new Mode("single"), x);
  assert.equal(traces, 3);
  const paths = tree.leavesWithPath({ p: new Pair(1, [2]) }).map(({ path }) => tree.keystr(path));
  assert.deepEqual(paths, [".p.first", ".p.second[0]"]);
  assert.ok(tree.map((n) => n, new Pair(1, 2)) instanceof Pair);
});

test("broadcast, reduceAssociative, keystr, isLeaf and one level", () => {
  assert.deepEqual(tree.broadcast({ a: 1, b: 2 }, { a: [7, 7], b: { c: 7 } }), { a: [1, 1], b: { c: 2 } });
  assert.throws(() => tree.broadcast({ a: 1 }, { b: 1 }), /dict key mismatch/);
  const order = tree.reduceAssociative((x: string, y: string) => `(${x}${y})`, ["a", "b", "c", "d", "e"]);
  assert.equal(order, "(((ab)(cd))e)");
  assert.equal(
    tree.reduceAssociative((x: number, y: number) => x + y, [], { identity: 4 }),
    4,
  );
  assert.throws(() => tree.reduceAssociative((x: number, y: number) => x + y, []), /Must specify identity/);
  const [{ path }] = tree.leavesWithPath({ layers: [{ w: 1 }] });
  assert.equal(tree.keystr(path), ".layers[0].w");
  assert.equal(tree.keystr(path, { simple: true, separator: "/" }), "layers/0/w");
  const isLeaf = Array.isArray;
  assert.equal(
    tree.reduce((n: number, leaf) => n + (Array.isArray(leaf) ? 10 : 1), { a: [1, 2], b: 3 }, 0, { isLeaf }),
    11,
  );
  assert.deepEqual(
    tree.mapWithOptions({ isLeaf }, (x, y) => [x, y], { a: [1, 2] }, { a: 5 }),
    { a: [[1, 2], 5] },
  );
  assert.ok(tree.allLeaves([1, "x"]) && !tree.allLeaves([1, [2]]) && tree.allLeaves([[1]], isLeaf));
  assert.deepEqual(tree.flattenOneLevel({ b: [1], a: 2 })?.children, [2, [1]]);
  assert.equal(tree.flattenOneLevel(3), null);
  const def = tree.structure([1, { a: 2 }]);
  assert.deepEqual(tree.treedefChildren(def).map(tree.treedefIsLeaf), [true, false]);
  assert.ok(tree.sameStructure(tree.treedefTuple(tree.treedefChildren(def)), def));
});
