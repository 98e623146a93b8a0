import assert from "node:assert/strict";
import { test } from "node:test";
import * as tree from "../frontend/tree/index.ts";
import { matchInto } from "../frontend/tree/tree.ts";

test("flatten sorts keys, skips null, and unflatten gives the value back", () => {
  const value = { b: [1, null, { z: 2 }], a: 3 };
  const { leaves, treedef } = tree.flatten(value);
  assert.deepEqual(leaves, [3, 1, 2]);
  assert.deepEqual(tree.unflatten(treedef, leaves), { a: 3, b: [1, null, { z: 2 }] });
  assert.equal(tree.formatTreeDef(treedef), "{a: *, b: [*, null, {z: *}]}");
  assert.throws(() => tree.unflatten(treedef, [1, 2]), /has 3 leaves, got 2/);
});

test("the order of keys does not matter, their names do", () => {
  const f = tree.structure({ a: 1, b: 2 });
  assert.ok(tree.sameStructure(f, tree.structure({ b: 1, a: 2 })));
  assert.ok(!tree.sameStructure(f, tree.structure({ a: 1, c: 2 })));
  assert.ok(!tree.sameStructure(tree.structure([1, [2]]), tree.structure([[1], 2])));
  assert.ok(!tree.sameStructure(tree.structure(null), tree.structure([])));
});

test("map zips by key, not by position", () => {
  const sums = tree.map((x: number, y: number) => x - y, { a: 10, b: 20 }, { b: 2, a: 1 });
  assert.deepEqual(sums, { a: 9, b: 18 });
});

test("a structure mismatch names the path", () => {
  const params: { layers: Record<string, number>[] } = { layers: [{ w: 1 }, { w: 2, b: 3 }] };
  assert.throws(
    () => tree.map((x: number, y: number) => x + y, params, { layers: [{ w: 1 }, { w: 2 }] }),
    /tree 2\.layers\[1\]: dict key mismatch: missing key b/,
  );
  assert.throws(
    () => tree.map((x: number, y: number) => x + y, [1, 2], [1] as number[]),
    /tree 2: expected an array of 2, got an array of 1/,
  );
  assert.throws(
    () => tree.map((x, y) => [x, y], { a: null }, { a: 1 }),
    /tree 2\.a: expected null, got a leaf/,
  );
});

test("key paths", () => {
  const { leaves } = tree.flattenWithPath({ layers: [{ w: 1 }], "first layer": 2 });
  assert.deepEqual(
    leaves.map(({ path }) => tree.formatPath(path)),
    ['["first layer"]', ".layers[0].w"],
  );
  assert.deepEqual(
    tree.mapWithPath((path, x: number) => `${tree.formatPath(path)}=${x}`, { a: [1] }),
    { a: [".a[0]=1"] },
  );
});

class Pair {
  constructor(
    readonly x: unknown,
    readonly y: unknown,
    readonly tag: string,
  ) {}
}
tree.registerPytreeNode(
  Pair,
  (p) => ({ children: [p.x, p.y], keys: ["x", "y"], aux: p.tag }),
  ([x, y], tag) => new Pair(x, y, String(tag)),
);

test("registered classes are nodes with auxiliary data", () => {
  const doubled = tree.map((x: unknown) => Number(x) * 2, [new Pair(1, { k: 2 }, "t")] as unknown[]);
  assert.deepEqual(doubled, [new Pair(2, { k: 4 }, "t")]);
  const structure = tree.structure(new Pair(1, 2, "t"));
  assert.ok(!tree.sameStructure(structure, tree.structure(new Pair(1, 2, "u"))));
  assert.deepEqual(
    tree.leavesWithPath(new Pair(1, [2], "t")).map(({ path }) => tree.formatPath(path)),
    [".x", ".y[0]"],
  );
  assert.throws(
    () =>
      tree.registerPytreeNode(
        Pair,
        () => ({ children: [] }),
        () => new Pair(0, 0, ""),
      ),
    /Duplicate/,
  );
});

test("instances of other classes are leaves", () => {
  const date = new Date(0);
  assert.deepEqual(tree.leaves([date, new Float32Array(2)]).length, 2);
});

test("reduce, all and transpose", () => {
  assert.equal(
    tree.reduce((x: number, y: number) => x + y, { a: 1, b: [2, 3] }),
    6,
  );
  assert.throws(() => tree.reduce((x: number) => x, []), /empty tree/);
  assert.ok(tree.all({ a: 1, b: true }));
  const outer = tree.structure([0, 0]);
  const inner = tree.structure({ a: 0, b: 0 });
  assert.deepEqual(
    tree.transpose(outer, inner, [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]),
    { a: [1, 3], b: [2, 4] },
  );
  assert.throws(() => tree.transpose(outer, inner, [{ a: 1, b: 2 }, { a: 3 }]), /tree\[1\]: .*missing key b/);
});

test("matchInto agrees with flatten and equality of structures", () => {
  const values: unknown[] = [
    1,
    null,
    [],
    [1],
    [1, 2],
    { a: 1 },
    { a: 1, b: 2 },
    { a: [1], b: null },
    { a: undefined },
    {},
    new Pair(1, 2, "t"),
    new Pair(1, 2, "u"),
    [new Pair(1, [2], "t"), { c: 3 }],
  ];
  for (const x of values) {
    const { treedef, leaves } = tree.flatten(x);
    for (const y of values) {
      const found: unknown[] = [];
      const matches = matchInto(treedef, y, found, 0);
      assert.equal(matches, tree.sameStructure(treedef, tree.structure(y)), `${JSON.stringify([x, y])}`);
      if (x === y) assert.deepEqual(found, leaves);
    }
  }
});
