/** What was missing elsewhere, and what went wrong at run time (pitfalls: "Missing", "Runtime"). */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import {
  checkpoint,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  type NdArray,
  numpy as np,
  spec,
  vmap,
} from "weft";
import {
  DenseTensor,
  equalGraphs,
  GraphBuilder,
  interpretGraph,
  parseGraph,
  printGraph,
  tensorType,
} from "weft/compiler";
import { childResult, childRole, report, spawnChild } from "./helpers/child.ts";
import { close, flat } from "./helpers/close.ts";

const role = childRole();
if (role === "without navigator") {
  report({
    navigator: typeof globalThis.navigator,
    sum: np.sum(jit((x: NdArray) => x.mul(2))(np.arange(4))).item(),
  });
} else if (role === "dump") {
  // Two functions of one graph, one called twice: the second compilation must not be hidden by the cache of the first.
  const first = jit((x: NdArray) => np.exp(x).add(1), { name: "first" });
  const second = jit((x: NdArray) => np.exp(x).add(1), { name: "second" });
  const x = np.ones([3]);
  report([first(x), first(x), second(x)].map(flat));
} else if (role === "throw in a large trace") {
  jit((x: NdArray) => {
    let y = x;
    for (let i = 0; i < 500; i++) y = y.add(np.array([i, i + 0.5]));
    return y.add(np.ones([3]));
  })(np.ones([2]));
} else {
  defineTests();
}

function defineTests(): void {
  test("scan, while, for, cond and switch, compiled and differentiated", () => {
    const powers = (x: NdArray) =>
      lax.scan((c: NdArray) => [c.mul(x), c], np.array(1), null, { length: 4 })[1];
    close(jit(powers)(3), [1, 3, 9, 27]);
    close(grad((x: NdArray) => np.sum(powers(x)))(3), 1 + 6 + 27);
    const doubled = (x: NdArray) =>
      lax.whileLoop(
        (c: NdArray) => c.less(100),
        (c: NdArray) => c.mul(2),
        x,
      );
    close(jit(doubled)(3), 192);
    close(jvp(doubled, [3], [1])[1], 64);
    const factorial = (n: NdArray) => lax.foriLoop(1, 6, (i: NdArray, c: NdArray) => c.mul(i), n);
    close(jit(factorial)(1), 120);
    const abs = (x: NdArray) =>
      lax.cond(
        x.less(0),
        (y: NdArray) => y.neg(),
        (y: NdArray) => y.mul(1),
        x,
      );
    close([abs(np.array(-2)), jit(abs)(3), grad(abs)(-2), grad(abs)(2)], [2, 3, -1, 1]);
    const branches = [0, 1, 2].map((k) => (x: NdArray) => x.mul(k));
    close(
      [-1, 0, 1, 2, 9].map((i) => lax.switch(i, branches, np.array(5))),
      [0, 0, 5, 10, 10],
    );
  });

  test("customJvp, customVjp and checkpoint", () => {
    const f = customJvp((x: NdArray) => x.mul(x));
    f.defJvp(([x], [t]) => [x.mul(x), t.mul(10)]);
    close([f(3), grad(f)(3), jvp(f, [3], [2])[1], jit(grad(f))(3)], [9, 10, 20, 10]);
    const g = customVjp((x: NdArray, y: NdArray) => x.mul(y));
    g.defVjp(
      (x, y) => [x.mul(y), y],
      (y, ct) => [ct.mul(y), ct.mul(100)],
    );
    close(grad(g, { argnums: [0, 1] })(2, 3), [3, 100]);
    const [xs, ys] = [np.array([0, 1, 2]), np.array([3, 4, 5])];
    close(vmap(grad(g, { argnums: [0, 1] }))(xs, ys), [3, 4, 5, 100, 100, 100]);
    let runs = 0;
    const h = checkpoint((x: NdArray) => {
      runs++;
      return np.sin(np.sin(x));
    });
    close(grad(h)(0.5), Math.cos(Math.sin(0.5)) * Math.cos(0.5));
    assert.equal(runs, 1);
  });

  test("jacobians of arguments and results of any rank", () => {
    const w = np.array([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const f = (x: NdArray) => x.matmul(x.T);
    const [forward, reverse] = [jacfwd(f)(w), jacrev(f)(w)];
    assert.deepEqual(
      [forward.shape, reverse.shape],
      [
        [3, 3, 3, 2],
        [3, 3, 3, 2],
      ],
    );
    close(forward, reverse);
    // ∂(x xᵀ)_ij / ∂x_kl = δ_ik x_jl + δ_jk x_il
    const data = w.toArray() as number[][];
    const expected = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].flatMap((j) =>
        [0, 1, 2].flatMap((k) => [0, 1].map((l) => (i === k ? data[j][l] : 0) + (j === k ? data[i][l] : 0))),
      ),
    );
    close(forward, expected);
    const h = hessian((x: NdArray) => np.sum(np.square(x)))(w);
    assert.deepEqual(h.shape, [3, 2, 3, 2]);
    close(np.sum(h), 12);
  });

  test("outAxes", () => {
    const x = np.arange(6).reshape([2, 3]);
    const f = (row: NdArray) => ({ twice: row.mul(2), sum: np.sum(row) });
    const { twice, sum } = vmap(f, { outAxes: { twice: 1, sum: 0 } })(x);
    assert.deepEqual(twice.toArray(), [
      [0, 6],
      [2, 8],
      [4, 10],
    ]);
    close(sum, [3, 12]);
    assert.deepEqual(vmap((row: NdArray) => row, { inAxes: 1, outAxes: -1 })(x).toArray(), x.toArray());
    assert.deepEqual(vmap(() => np.array(7), { axisSize: 2, outAxes: null })().shape, []);
  });

  test("the generated code is a value", () => {
    const compiled = jit((x: NdArray) => np.exp(x))
      .lower(spec([5]))
      .compile();
    for (const stage of ["jaxpr", "graph", "optimized", "fusion", "kernel", "program"] as const) {
      assert.match(compiled.asText({ stage }), /exp/, stage);
    }
    assert.ok(WebAssembly.validate(Uint8Array.from(compiled.executable.modules.simd)));
  });

  test("it works in Node without navigator", () => {
    // Node 20 has none; from 21 on the flag takes it away.
    const flags =
      Number(process.versions.node.split(".")[0]) >= 21 ? ["--no-experimental-global-navigator"] : [];
    assert.deepEqual(childResult("without navigator", { flags }), { navigator: "undefined", sum: 12 });
  });

  test("arrays are not consumed by use", () => {
    const x = np.array([1, 2, 3]);
    const square = (v: NdArray) => v.mul(v);
    close(square(x), [1, 4, 9]);
    close(jit(square)(x), [1, 4, 9]);
    close(grad((v: NdArray) => np.sum(square(v)))(x), [2, 4, 6]);
    close(vmap(square)(x), [1, 4, 9]);
    const f = jit((a: NdArray, b: NdArray) => a.add(b));
    close(f(x, x), [2, 4, 6]);
    close(f(x, x.add(x)), [3, 6, 9]);
    const result = f(x, x);
    close(result.add(result), [4, 8, 12]);
    close(x, [1, 2, 3]);
  });

  test("capturing an outer array in a traced function reads nothing back", () => {
    const scalar = np.array(3).add(0); // computed, so that its value is known to the device only
    const vector = np.arange(3).mul(2);
    const reads: string[] = [];
    const prototype = Object.getPrototypeOf(scalar);
    const originals = ["dataSync", "item", "data"].map((name) => [name, prototype[name]] as const);
    for (const [name, original] of originals) {
      prototype[name] = function (this: NdArray, ...args: unknown[]) {
        reads.push(name);
        return original.apply(this, args);
      };
    }
    try {
      const f = (x: NdArray) => np.sum(np.sin(x.mul(scalar).add(vector)));
      const x = np.ones([3]);
      jit(f)(x);
      grad(f)(x);
      jit(grad(f))(x);
      vmap((y: NdArray) => y.mul(scalar))(x);
      jvp(f, [x], [x]);
      hessian(f)(x);
      lax.scan((c: NdArray) => [c.mul(scalar), null], x, null, { length: 2 });
      jit(f).lower(x).compile().asText();
    } finally {
      for (const [name, original] of originals) prototype[name] = original;
    }
    assert.deepEqual(reads, []);
  });

  test("large constants print in full and parse back", () => {
    const n = 5000;
    const data = Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i) * 10 ** ((i % 60) - 30)));
    data[17] = Number.NaN;
    data[18] = -0;
    const type = tensorType("float32", [n]);
    const builder = new GraphBuilder();
    const x = builder.input(type, "x");
    const [c] = builder.emit("constant", [], { value: new DenseTensor(type, new Uint8Array(data.buffer)) });
    const [y] = builder.emit("add", [x, c], {});
    const graph = builder.finish("f", [y]);
    const text = printGraph(graph);
    assert.doesNotMatch(text, /\.\.\.|…/);
    assert.ok(text.length > n, "the elements are in the text");
    const parsed = parseGraph(text);
    assert.ok(equalGraphs(parsed, graph));
    assert.equal(printGraph(parsed), text);
    const [result] = interpretGraph(parsed, [{ type, data: new Float64Array(n) }]);
    assert.deepEqual([result.data[3], result.data[17], result.data[4999]], [data[3], Number.NaN, data[4999]]);
  });

  test("constants of a traced function survive its text", () => {
    const graph = jit((x: NdArray) =>
      x.mul(np.array(0.1)).add(np.array([[1e-45, 3.4028234663852886e38]])),
    ).lower(spec([2, 2])).graph;
    const text = printGraph(graph);
    assert.ok(equalGraphs(parseGraph(text), graph), text);
    assert.equal(printGraph(parseGraph(text)), text);
  });

  test("dumps do not appear in error stacks", () => {
    const { status, stderr } = spawnChild("throw in a large trace");
    assert.equal(status, 1);
    assert.match(stderr, /Incompatible shapes/);
    assert.doesNotMatch(stderr, /graph @|%\d+: f32|lambda ;/);
    assert.ok(stderr.length < 6000, `${stderr.length} characters:\n${stderr.slice(0, 6000)}`);
  });

  test("the compile cache does not hide dumps", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "weft-dump-"));
    try {
      const e = Math.fround(Math.fround(Math.E) + 1);
      close(childResult("dump", { env: { WEFT_DUMP: folder } }), [e, e, e, e, e, e, e, e, e], 1e-6);
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
      for (const name of ["first", "second"]) {
        const own = files.filter((file) => file.includes(name));
        assert.ok(
          own.some((file) => file.endsWith(".ir")),
          `graphs of ${name}: ${files.join(" ")}`,
        );
        assert.ok(
          own.some((file) => file.endsWith(".wat") || file.includes("kernel")),
          `kernels of ${name}`,
        );
      }
      const graphs = files.filter((file) => file.endsWith(".ir") && file.includes("graph"));
      assert.ok(graphs.length > 0, files.join(" "));
      for (const file of graphs) parseGraph(readFileSync(path.join(folder, file), "utf8"), file);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
