/** Where options are expected: a dtype alone, as JAX's users write it, counts; what would be ignored is refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jit, type NdArray, numpy as np, tree } from "weft";

describe("a dtype in the place of options", () => {
  const cases: Readonly<Record<string, () => NdArray>> = {
    array: () => np.array([1, 2, 3], "int32"),
    asarray: () => np.asarray([1, 2, 3], "int32"),
    zeros: () => np.zeros([3], "int32"),
    ones: () => np.ones(3, "int32"),
    empty: () => np.empty([2, 2], "int32"),
    full: () => np.full([3], 7, "int32"),
    zerosLike: () => np.zerosLike(np.ones(3), "int32"),
    onesLike: () => np.onesLike(np.ones(3), "int32"),
    emptyLike: () => np.emptyLike(np.ones(3), "int32"),
    fullLike: () => np.fullLike(np.ones(3), 2, "int32"),
    arange: () => np.arange(0, 3, 1, "int32"),
    "arange by its end": () => np.arange(3.5, "int32"),
    identity: () => np.identity(3, "int32"),
    eye: () => np.eye(3, 4, "int32"),
    tri: () => np.tri(3, 3, "int32"),
    linspace: () => np.linspace(0, 4, 5, { dtype: "int32" }),
    indices: () => np.indices([2, 2]),
    vstack: () => np.vstack([np.ones(2), np.ones(2)], "int32"),
  };
  for (const [name, make] of Object.entries(cases)) {
    test(name, () => assert.equal(make().dtype, "int32"));
  }

  test("what is neither is refused with the way to write it", () => {
    const zeros = np.zeros as (...args: unknown[]) => NdArray;
    const eye = np.eye as (...args: unknown[]) => NdArray;
    assert.throws(
      () => zeros([3], 32),
      /np\.zeros takes options as an object, as in \{ dtype: "float32" \}, got/,
    );
    assert.throws(() => zeros([3], "float31"), /data type "float31" not understood/);
    assert.throws(() => eye(3, 3, 1), /np\.eye takes options as an object/);
  });
});

describe("weak types", () => {
  const x = np.array([1, 2, 3], "float64");
  const c = np.array([true, false, true]);
  test("numbers chosen by np.where give way to the dtype they meet, as in JAX", () => {
    assert.equal(np.where(c, 1, 2).weakType, true);
    assert.equal(np.where(c, 1, 2).add(x).dtype, "float64");
    assert.equal(np.where(c, 1.5, x).dtype, "float64");
    assert.equal(np.select([c], [1], 2).mul(x).dtype, "float64");
    const f = jit((x: NdArray) => np.where(x.greater(1), 1, 0).mul(x));
    assert.equal(f(x).dtype, "float64");
    assert.equal(np.asarray(2).mul(x).dtype, "float64");
    assert.equal(np.array(2).weakType, false);
  });
});

test("tree structures print as in JAX, names of functions too", () => {
  const { treedef } = tree.flatten({ w: [1, 2], b: null, "first layer": { c: 1 } });
  assert.equal(`${treedef}`, "PyTreeDef({b: null, first layer: {c: *}, w: [*, *]})");
  assert.equal(String(tree.structure(3)), "PyTreeDef(*)");
  assert.match(jit((x: NdArray) => x.add(1)).name, /^<lambda>$/);
  const named = (x: NdArray): NdArray => x.add(1);
  assert.equal(jit(named).name, "named");
});
