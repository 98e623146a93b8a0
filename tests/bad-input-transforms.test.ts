/** What a user can get wrong with transformations and control flow. */
import {
  customJvp,
  customVjp,
  grad,
  jacrev,
  jit,
  jvp,
  lax,
  type NdArray,
  numpy as np,
  spec,
  tree,
  UnsupportedError,
  vjp,
  vmap,
  WeftTypeError,
  WeftValueError,
} from "weft";
import { mistakesIn } from "./helpers/mistakes.ts";

const check = mistakesIn(import.meta.url);
const a = np.ones([2, 3]);
const b = np.ones([4]);
const ints = np.arange(3, { dtype: "int32" });

// Trees
check("tangents of another structure", {
  run: () => jvp((p: { w: NdArray }) => p.w, [{ w: a }], JSON.parse('[{"v": 1}]')),
  error: WeftTypeError,
  says: [/Tree structure of tangents/, /tangent\[0\]/, /missing key w/, /unexpected key v/],
  line: "jvp((p",
});
check("tangents of another shape", {
  run: () => jvp((x: NdArray) => x, [a], [b]),
  error: WeftTypeError,
  says: [/primal float32\[2,3\] and tangent float32\[4\]/],
  line: "jvp((x",
});
check("a cotangent of another shape", {
  run: () => vjp((x: NdArray) => x, [a])[1](b),
  error: WeftTypeError,
  says: [/primal float32\[2,3\] and cotangent float32\[4\]/],
  line: "vjp((x",
});
check("tree.map over different structures", {
  run: () => tree.map((x: NdArray, y: NdArray) => x.add(y), { w: [a, b] }, { w: [a] }),
  error: WeftValueError,
  says: [/\.w/, /2.*1/],
  line: "tree.map(",
});

// Arguments of transformed functions
check("an argument that is no array", {
  run: () => jit((p: { rate: NdArray }) => p.rate)(JSON.parse('{"rate": "fast"}')),
  error: WeftTypeError,
  says: [/string "fast" and was passed to the function at path args\[0\]\.rate/, /staticArgnums/],
  line: "p.rate",
});
check("a result that is no array", {
  run: () => jit((x: NdArray) => ({ loss: x, note: "done" }))(1),
  error: WeftTypeError,
  says: [/returned a value of type string "done" at path \.note/],
  line: "note:",
});
check("a function without a result", {
  run: () => jit((x: NdArray) => void x.add(1))(1),
  error: WeftTypeError,
  says: [/Does the function return its result\?/],
  line: "void x.add(1)",
});
check("a static argument that cannot be hashed", {
  run: () =>
    jit((x: NdArray, options: { n: number }) => x.mul(options.n), { staticArgnums: [1] })(a, { n: 2 }),
  error: WeftValueError,
  says: [/static argument \(index 1\) of type object of class Object/, /equals\(\) and hash\(\)/],
  line: "staticArgnums: [1]",
});
check("argnums out of range", {
  run: () => grad((x: NdArray) => x, { argnums: 2 })(1),
  error: WeftValueError,
  says: [/argnums=2 is out of range/, /called with 1 positional argument/],
  line: "argnums: 2",
});
check("other arguments than it was compiled for", {
  run: () =>
    jit((x: NdArray) => x.add(1))
      .lower(spec([3]))
      .compile()
      .call(b),
  error: WeftTypeError,
  says: [/Argument types differ/, /f32\[3\]/],
  line: ".call(b)",
});

// Differentiation
check("grad of a result that is no scalar", {
  run: () => grad((x: NdArray) => x.mul(2))(a),
  error: WeftTypeError,
  says: [
    /only defined for scalar-output functions. Output had shape: \(2, 3\)/,
    /np\.sum or np\.mean, or use jacrev/,
  ],
  line: "grad((x: NdArray) => x.mul(2))(a)",
});
check("grad by integers", {
  run: () => grad((x: NdArray) => np.sum(x.mul(2)))(ints),
  error: WeftTypeError,
  says: [/grad requires real- or complex-valued inputs/, /int32 for x/, /astype/],
  line: "(ints)",
});
check("grad of an integer result", {
  run: () => grad((x: NdArray) => np.sum(x).astype("int32"))(a),
  error: WeftTypeError,
  says: [/real-valued outputs/, /int32/, /vjp/],
  line: 'astype("int32"))(a)',
});
check("jacrev of booleans", {
  run: () => jacrev((x: NdArray) => x.greater(0))(a),
  error: WeftTypeError,
  says: [/jacrev requires real-valued outputs/, /bool/],
  line: "x.greater(0))(a)",
});
check("reverse mode through a while loop", {
  run: () =>
    grad((x: NdArray) =>
      lax.whileLoop(
        (c: NdArray) => c.less(10),
        (c: NdArray) => c.mul(2),
        x,
      ),
    )(1),
  error: UnsupportedError,
  says: [/Reverse-mode differentiation does not work for lax.while_loop/, /lax\.scan/],
  line: "lax.whileLoop(",
});
check("customVjp without a rule", {
  run: () => grad(customVjp((x: NdArray) => x.mul(2)))(1),
  error: WeftTypeError,
  says: [/No VJP defined/, /defVjp/],
  line: "customVjp((x",
});
check("customJvp without a rule", {
  run: () => grad(customJvp((x: NdArray) => x.mul(2)))(1),
  error: WeftTypeError,
  says: [/No JVP defined/, /defJvp/],
  line: "customJvp((x",
});

// vmap
check("inAxes of another length", {
  run: () => vmap((x: NdArray) => x, { inAxes: [0, 0] })(a),
  error: WeftValueError,
  says: [/inAxes of length 2 for 1 arguments/],
  line: "inAxes: [0, 0]",
});
check("mapped axes of different sizes", {
  run: () => vmap((x: NdArray, y: NdArray) => np.sum(x).add(y))(a, b),
  error: WeftValueError,
  says: [/x \(args\[0\]\) of shape \(2, 3\) has size 2/, /y \(args\[1\]\) of shape \(4,\) has size 4/],
  line: "vmap((x: NdArray, y: NdArray)",
});
check("a mapped axis that is not there", {
  run: () => vmap((x: NdArray) => x, { inAxes: 3 })(a),
  error: WeftValueError,
  says: [/along axis 3/, /at least 4, but is only 2/, /\(2, 3\)/],
  line: "inAxes: 3",
});
check("outAxes null of a mapped result", {
  run: () => vmap((x: NdArray) => x, { outAxes: null })(a),
  error: WeftValueError,
  says: [/outAxes is null/, /needs an axis/],
  line: "outAxes: null",
});

// Control flow
check("a scan whose carry changes its shape", {
  run: () => lax.scan((c: NdArray, x: NdArray) => [np.concatenate([c, c]), x], b, a),
  error: WeftTypeError,
  says: [/carry has type float32\[4\].*float32\[8\]/s, /shapes do not match/, /Revise the function/],
  line: "lax.scan((c",
});
check("a scan whose carry changes its dtype", {
  run: () => lax.scan((c: NdArray, x: NdArray) => [c.greater(0), x], b, a),
  error: WeftTypeError,
  says: [/float32\[4\].*bool\[4\]/s, /dtypes do not match/, /astype/],
  line: "lax.scan((c",
});
check("a scan over different lengths", {
  run: () => lax.scan((c: NdArray, _: { p: NdArray; q: NdArray }) => [c, null], b, { p: a, q: b }),
  error: WeftValueError,
  says: [/xs\.p: 2, xs\.q: 4/],
  line: "lax.scan((c",
});
check("a loop condition that is no boolean scalar", {
  run: () =>
    lax.whileLoop(
      (c: NdArray) => c.less(3),
      (c: NdArray) => c,
      b,
    ),
  error: WeftTypeError,
  says: [/boolean scalar/, /bool\[4\]/, /np\.any or np\.all/],
  line: "lax.whileLoop(",
});
check("branches of different shapes", {
  run: () =>
    lax.cond(
      true,
      (x: NdArray) => x,
      (x: NdArray) => np.sum(x),
      b,
    ),
  error: WeftTypeError,
  says: [/false_fun.*float32\[\].*true_fun.*float32\[4\]/s, /Revise the branches/],
  line: "lax.cond(",
});
check("branches of different structures", {
  run: () =>
    lax.cond(
      true,
      (x: NdArray): unknown => [x],
      (x: NdArray): unknown => ({ y: x }),
      b,
    ),
  error: WeftTypeError,
  says: [/same pytree structure/, /keys \[y\].*an array of 1/],
  line: "lax.cond(",
});
check("a predicate of several elements", {
  run: () =>
    lax.cond(
      b.greater(0),
      (x: NdArray) => x,
      (x: NdArray) => x,
      b,
    ),
  error: WeftTypeError,
  says: [/scalar, got bool\[4\]/, /np\.where/],
  line: "lax.cond(",
});
