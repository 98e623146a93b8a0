/** What a user can get wrong with arrays: shapes, axes, dtypes, memory, values that are not known yet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConcretizationTypeError,
  DisposedError,
  grad,
  jit,
  lax,
  type NdArray,
  numpy as np,
  UnexpectedTracerError,
  vmap,
  WeftTypeError,
  WeftValueError,
} from "weft";
import { parseGraph } from "weft/compiler";
import { mistakesIn } from "./helpers/mistakes.ts";

const check = mistakesIn(import.meta.url);
const a = np.ones([2, 3]);
const b = np.ones([4]);

// Shapes
check("shapes that do not broadcast", {
  run: () => a.add(b),
  error: WeftValueError,
  says: [/Incompatible shapes for broadcasting: shapes=\[\(2, 3\), \(4,\)\]/, /reshape|expandDims/],
  line: "a.add(b)",
});
check("shapes that do not broadcast, inside jit", {
  run: () => jit((x: NdArray) => np.where(x.greater(0), b, 1))(a),
  error: WeftValueError,
  says: [/shapes=\[\(2, 3\), \(4,\), \(\)\]/],
  line: "np.where(x.greater(0), b, 1)",
});
check("lax does not broadcast ranks", {
  run: () => lax.mul(a, b),
  error: WeftTypeError,
  says: [/mul.*\(2, 3\), \(4,\)/, /the function of the same name in np broadcasts/],
  line: "lax.mul(a, b)",
});
check("matmul", {
  run: () => a.matmul(b),
  error: WeftTypeError,
  says: [/contracting dimensions to have the same shape, got \(3,\) and \(4,\)/, /\(2, 3\) and \(4,\)/],
  line: "a.matmul(b)",
});
check("a convolution of other channels", {
  run: () => lax.conv(np.ones([1, 2, 5, 5]), np.ones([1, 3, 2, 2]), [1, 1], "VALID"),
  error: WeftValueError,
  says: [/feature dimension size.*2.*3/],
  line: "lax.conv(",
});
check("reshape to another size", {
  run: () => a.reshape([4, 2]),
  error: WeftTypeError,
  says: [/cannot reshape array of shape \(2, 3\) \(size 6\) into shape \(4, 2\) \(size 8\)/],
  line: "a.reshape([4, 2])",
});
check("reshape by -1 that does not divide", {
  run: () => a.reshape([-1, 4]),
  error: WeftTypeError,
  says: [/\(2, 3\) \(size 6\) into shape \(-1, 4\)/, /does not evenly divide 6/],
  line: "a.reshape([-1, 4])",
});
check("concatenation of other ranks", {
  run: () => np.concatenate([a, b]),
  error: WeftTypeError,
  says: [/\(2, 3\), \(4,\)/],
  line: "np.concatenate([a, b])",
});
check("a ragged list", {
  run: () => np.array([[1, 2], [3]]),
  error: WeftValueError,
  says: [/inhomogeneous shape/],
  line: "np.array([[1, 2], [3]])",
});

// Axes
check("an axis out of range", {
  run: () => np.sum(a, { axis: 2 }),
  error: WeftValueError,
  says: [/axis 2 is out of bounds for array of dimension 2: use -2 to 1/],
  line: "axis: 2",
});
check("an axis out of range, in a method inside jit", {
  run: () => jit((x: NdArray) => x.argmax(-4))(a),
  error: WeftValueError,
  says: [/axis -4 is out of bounds for array of dimension 2/],
  line: "x.argmax(-4)",
});
check("an axis given twice", {
  run: () => a.transpose([0, 0]),
  error: WeftTypeError,
  says: [/permutation \(0, 0\) for operand shape \(2, 3\)/],
  line: "a.transpose([0, 0])",
});

// Dtypes
check("dtypes that lax does not promote", {
  run: () => lax.add(a, np.ones([2, 3], { dtype: "int32" })),
  error: WeftTypeError,
  says: [/got float32, int32/, /np\.add promotes its arguments|astype/],
  line: "lax.add(a,",
});
check("an operation that does not take the dtype", {
  run: () => np.bitwiseAnd(a, a),
  error: WeftTypeError,
  says: [/does not accept dtype float32/, /bool or integer/],
  line: "np.bitwiseAnd(a, a)",
});
check("a dtype that is none", {
  run: () => np.zeros([2], { dtype: JSON.parse('"float8"') }),
  error: WeftTypeError,
  says: [/"float8" not understood/, /float16, float32 or float64/],
  line: "float8",
});
check("an integer out of range", {
  run: () => np.array([300], { dtype: "uint8" }),
  error: WeftValueError,
  says: [/300 out of bounds for uint8/],
  line: "np.array([300]",
});
check("an operand that is no array", {
  // @ts-expect-error a list is no array
  run: () => a.add([1, 2, 3]),
  error: WeftTypeError,
  says: [/add requires ndarray or scalar arguments, got object of class Array at position 1/, /np\.array\(/],
  line: "a.add([1, 2, 3])",
});

// Values under jit
check("item() inside jit", {
  run: () => jit((x: NdArray) => (x.item() > 0 ? x : x.neg()))(1),
  error: ConcretizationTypeError,
  says: [/float32\[\]/, /depends on the value of the argument x/, /lax\.cond/, /staticArgnums/],
  line: "x.item() > 0",
});
check("item() of a comparison inside jit", {
  run: () => jit((x: NdArray) => (x.mul(2).greater(0).item() ? x : x.neg()))(1),
  error: ConcretizationTypeError,
  says: [
    /boolean conversion of traced array with shape bool\[\]/,
    /became a tracer due to.*gt\(/s,
    /np\.where or lax\.cond/,
  ],
  line: "greater(0).item()",
});
check("Number(x) inside jit", {
  run: () => jit((x: NdArray) => (Number(x) > 0 ? x : x.neg()))(1),
  error: TypeError,
  says: [/JavaScript operators do not work on arrays \(got float32\[\]\)/, /x\.item\(\)/],
  line: "Number(x) > 0",
});
check("x > 0 inside jit", {
  // @ts-expect-error arrays have no order in JavaScript
  run: () => jit((x: NdArray) => (x > 0 ? x : x.neg()))(1),
  error: TypeError,
  says: [/JavaScript operators do not work on arrays/, /x\.greater\(y\)/],
  line: "x > 0 ? x",
});
check("x + 1", {
  // @ts-expect-error arrays have no arithmetic in JavaScript
  run: () => np.sum(a * 2),
  error: TypeError,
  says: [/got float32\[2,3\]/, /x\.mul\(y\) for x \* y/],
  line: "a * 2",
});
check("a shape that depends on a value", {
  run: () => jit((n: NdArray) => np.arange(n))(3),
  error: ConcretizationTypeError,
  says: [/depends on the value of the argument n/, /staticArgnums/, /np\.arange/],
  line: "np.arange(n)",
});
check("dataSync() inside vmap", {
  run: () => vmap((x: NdArray) => x.mul(x.dataSync()[0]))(a),
  error: ConcretizationTypeError,
  says: [/dataSync\(\) was called on traced array with shape float32\[3\]/, /for vmap/],
  line: "x.dataSync()[0]",
});
check("a leaked tracer", {
  run: () => {
    const kept: NdArray[] = [];
    const leaky = jit((x: NdArray) => {
      kept.push(x.mul(2));
      return x;
    });
    leaky(1);
    return kept[0].add(1);
  },
  error: UnexpectedTracerError,
  says: [
    /unexpected tracer/,
    /float32\[\]/,
    /leaky|<lambda>/,
    /mul\(float32\[\], float32\[\]\)/,
    /explicitly return/,
  ],
  line: "kept[0].add(1)",
});

// Memory
check("an array after dispose()", {
  run: () => {
    const x = np.ones([3]).add(1);
    x.dispose();
    return x.add(1);
  },
  error: DisposedError,
  says: [/disposed/, /dispose\(\).*using/],
  line: "return x.add(1)",
});
check("a disposed array as an argument of jit", {
  run: () => {
    const x = np.ones([3]).add(1);
    x.dispose();
    return jit((y: NdArray) => y)(x);
  },
  error: DisposedError,
  says: [/disposed/],
  line: "return jit(",
});
check("a donated array", {
  run: () => {
    const w = np.ones([3]).add(1);
    jit((x: NdArray) => x.add(1), { donateArgnums: [0], name: "step" })(w);
    return w.toArray();
  },
  error: DisposedError,
  says: [/donated to step/, /Use that output instead|donateArgnums/],
  line: "return w.toArray()",
});
check("item() of several elements", {
  run: () => a.item(),
  error: TypeError,
  says: [/\(2, 3\)/, /toArray\(\)/],
  line: "a.item()",
});

// Einsum
check("einsum of sizes that differ", {
  run: () => np.einsum("ij,jk->ik", a, a),
  error: WeftValueError,
  says: [/label 'j' for operand 1 \(2\) does not match previous terms \(3\)/],
  line: "np.einsum(",
});
check("einsum of too many letters", {
  run: () => np.einsum("ijk->i", a),
  error: WeftValueError,
  says: [/'ijk'/, /operand 0/],
  line: "np.einsum(",
});
check("einsum with a result from nowhere", {
  run: () => np.einsum("ij->ik", a),
  error: WeftValueError,
  says: [/'k' did not appear in the input/],
  line: "np.einsum(",
});
check("einsum of another number of operands", {
  run: () => np.einsum("ij,jk", a),
  error: WeftValueError,
  says: [/2, must be equal to the number of operands, 1/],
  line: "np.einsum(",
});

test("an IR text with an error: line, column, the line itself and a caret", () => {
  const text = "graph @f(%x: f32[3]) -> (f32[3]) {\n  %0: f32[3] = ad %x, 1.0:f32[3]\n  return %0\n}\n";
  assert.throws(
    () => parseGraph(text, "loss.ir"),
    (e: unknown) => {
      assert.ok(e instanceof SyntaxError);
      assert.match(e.message, /^loss\.ir:2:16: unknown operation ad; did you mean add\?\n/);
      assert.match(e.message, / {2}%0: f32\[3\] = ad %x.*\n {17}\^/);
      return true;
    },
  );
  const types = text.replace("ad %x, 1.0:f32[3]", "add %x, 1.0:f32[2]");
  assert.throws(
    () => parseGraph(types, "loss.ir"),
    (e: unknown) => {
      assert.ok(e instanceof SyntaxError);
      assert.match(e.message, /^loss\.ir:2:\d+: .*\(3,\).*\(2,\)/);
      assert.doesNotMatch(e.message, /bad-input/, "the place is in the text, not in the program");
      return true;
    },
  );
});

test("an error leaves nothing half done", () => {
  const f = jit((x: NdArray) => x.matmul(b));
  assert.throws(() => f(a), WeftTypeError);
  assert.throws(() => grad((x: NdArray) => np.sum(f(x)))(a), WeftTypeError);
  assert.throws(() => lax.scan((c: NdArray) => [f(c), null], a, null, { length: 2 }), WeftTypeError);
  assert.equal(np.sum(np.ones([3])).item(), 3);
  assert.deepEqual(f(np.ones([2, 4])).toArray(), [4, 4]);
});
