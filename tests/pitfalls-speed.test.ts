/**
 * What made other systems slow (pitfalls: "Speed"), read off the compiled code; no time is measured. And odd sizes,
 * whose tails are the code most often wrong.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { grad, jit, lax, type NdArray, numpy as np, spec, valueAndGrad } from "weft";
import { close, flat } from "./helpers/close.ts";
import { watOf, watOfKernel } from "./helpers/wat.ts";

const gelu = (x: NdArray) => x.mul(0.5).mul(lax.erf(x.div(Math.SQRT2)).add(1));
const geluTanh = (x: NdArray) =>
  x.mul(0.5).mul(np.tanh(x.add(x.mul(x).mul(x).mul(0.044715)).mul(0.7978845608)).add(1));
const silu = (x: NdArray) => x.mul(lax.logistic(x));

/** Numbers that repeat in no period of a vector. */
const ramp = (n: number, from = -1) => Array.from({ length: n }, (_, i) => from + ((i * 37) % 101) / 50);
const matrix = (rows: number, columns: number) => np.array(ramp(rows * columns)).reshape([rows, columns]);

function product(a: readonly number[], b: readonly number[], m: number, k: number, n: number): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a[i * k + l] * b[l * n + j];
    return sum;
  });
}

const groups = (plan: string) => plan.split("\n").filter((line) => /^ {2}group /.test(line)).length;

test("matmuls of odd sizes", () => {
  const f = jit((a: NdArray, b: NdArray) => a.matmul(b));
  const sizes: [number, number, number][] = [
    [1, 1, 1],
    [3, 5, 7],
    [4, 8, 8],
    [5, 9, 17],
    [7, 1, 33],
    [6, 31, 13],
    [9, 17, 1],
    [1, 63, 5],
    [33, 65, 31],
  ];
  for (const [m, k, n] of sizes) {
    const [a, b] = [matrix(m, k), matrix(k, n)];
    close(f(a, b), product(flat(a), flat(b), m, k, n), 1e-5, `${m}x${k}x${n}`);
  }
});

test("elementwise functions and reductions of every size up to 20", () => {
  const f = jit((x: NdArray) => ({
    y: np.exp(x).mul(2).sub(x),
    sum: np.sum(x),
    max: np.max(x),
    cum: np.cumsum(x),
  }));
  for (let n = 1; n <= 20; n++) {
    const xs = ramp(n).map(Math.fround);
    const { y, sum, max, cum } = f(np.array(xs));
    close(
      y,
      xs.map((x) => 2 * Math.exp(x) - x),
      1e-6,
      `n = ${n}`,
    );
    close(
      sum,
      xs.reduce((a, b) => a + b, 0),
      1e-5,
      `sum of ${n}`,
    );
    close(max, Math.max(...xs), 0, `max of ${n}`);
    let running = 0;
    close(
      cum,
      xs.map((x) => (running += x)),
      1e-5,
      `cumsum of ${n}`,
    );
  }
});

test("an odd matmul is vectorised like the even one", async () => {
  const [even, odd] = await Promise.all(
    [64, 63].map(async (n) => {
      const compiled = jit((a: NdArray, b: NdArray) => a.matmul(b))
        .lower(spec([n, n]), spec([n, n]))
        .compile();
      return watOf(compiled);
    }),
  );
  const vectorOps = (wat: string) => wat.match(/f32x4\.mul/g)?.length ?? 0;
  assert.ok(vectorOps(even) > 0);
  assert.ok(
    vectorOps(odd) >= vectorOps(even),
    `${vectorOps(odd)} vector products, ${vectorOps(even)} for the even size`,
  );
});

test("a long loop cut for threads is vectorised whether or not its length divides", async () => {
  const compiled = (n: number) =>
    jit((x: NdArray) => np.exp(x.mul(x)))
      .lower(spec([n]))
      .compile();
  for (const n of [1 << 20, 1_000_000, (1 << 20) - 6]) {
    const kernel = compiled(n).asText({ stage: "kernel" });
    assert.match(kernel, /grid g in/, `${n}: cut into grains`);
    assert.doesNotMatch(
      kernel,
      /vector \w+ in [\d.]+ \{\n\s*if /,
      `${n}: a condition in a vector loop makes it scalar`,
    );
  }
  const [even, odd] = await Promise.all([1 << 20, 1_000_000].map(async (n) => watOf(compiled(n))));
  const stores = (wat: string) => wat.match(/v128\.store/g)?.length ?? 0;
  assert.ok(stores(odd) > stores(even), "the grains of the odd size, and the last of them");
});

test("an operation without a vector form leaves the rest of its kernel vectorised", async () => {
  const cases: [string, (x: NdArray) => NdArray, "int32" | "uint32" | "float32"][] = [
    ["integer division", (x) => lax.div(x, 3).add(x), "int32"],
    ["integer remainder", (x) => lax.rem(x, 7).mul(x), "int32"],
    ["popcount", (x) => lax.populationCount(x).add(x), "uint32"],
    ["clz", (x) => lax.clz(x).add(x), "uint32"],
    ["float division", (x) => x.div(3).add(x), "float32"],
    ["exp", (x) => np.exp(x).add(x), "float32"],
    ["lgamma", (x) => lax.lgamma(x).add(x), "float32"],
  ];
  for (const [name, f, dtype] of cases) {
    const compiled = jit(f)
      .lower(spec([64], dtype))
      .compile();
    const kernels = [...compiled.asText({ stage: "kernel" }).matchAll(/kernel @(\w+)/g)].map(([, k]) => k);
    assert.equal(kernels.length, 1, name);
    const wat = watOfKernel(await watOf(compiled), kernels[0]);
    assert.match(wat, /v128\.store/, `${name}: vector stores`);
    assert.match(wat, /v128\.load/, `${name}: vector loads`);
    assert.match(wat, /[if]32x4\.(add|mul)/, `${name}: vector arithmetic`);
  }
});

test("one module per compiled function, however many kernels it has", async () => {
  const f = (w: NdArray, x: NdArray) => {
    const h = np.tanh(x.matmul(w));
    return lax.scan((c: NdArray) => [c.matmul(w).mul(0.5), np.sum(c)], h, null, { length: 3 });
  };
  const compiled = jit(f)
    .lower(spec([8, 8]), spec([8, 8]))
    .compile();
  assert.ok(compiled.asText({ stage: "kernel" }).match(/kernel @/g)!.length >= 2);
  const { simd, relaxed } = compiled.executable.modules;
  for (const bytes of [simd, relaxed]) {
    if (!WebAssembly.validate(Uint8Array.from(bytes))) continue; // relaxed SIMD is not everywhere
    const module = new WebAssembly.Module(Uint8Array.from(bytes));
    assert.deepEqual(WebAssembly.Module.exports(module), [{ name: "run", kind: "function" }]);
    assert.deepEqual(WebAssembly.Module.imports(module), [{ module: "env", name: "memory", kind: "memory" }]);
  }
  // The loop is in the module, not in JavaScript.
  assert.match(await watOf(compiled), /\(loop|\bloop\b/);
});

test("bias, gelu, silu and where are fused into the matmul", () => {
  const activations: [string, (x: NdArray) => NdArray][] = [
    ["gelu", gelu],
    ["gelu by tanh", geluTanh],
    ["silu", silu],
    ["where", (x) => np.where(x.greater(0), x, x.mul(0.01))],
    ["silu where positive", (x) => np.where(x.greater(0), silu(x), 0)],
  ];
  const [x, w, b] = [matrix(40, 7), matrix(7, 9), np.array(ramp(9))];
  const plain = x.matmul(w).add(b);
  for (const [name, activation] of activations) {
    const dense = jit((x: NdArray, w: NdArray, b: NdArray) => activation(x.matmul(w).add(b)));
    const compiled = dense.lower(x, w, b).compile();
    const plan = compiled.asText({ stage: "fusion" });
    assert.equal(groups(plan), 1, `${name}:\n${plan}`);
    // Packed weights and a tile are in scratch memory, the product is not.
    assert.ok(compiled.memoryAnalysis().tempSize < 4 * plain.size, name);
    close(dense(x, w, b), activation(plain), 1e-5, name);
  }
});

test("an optimizer step over several parameters is few kernels", () => {
  type Params = { w: NdArray; b: NdArray };
  const step = (p: Params, g: Params, m: Params) => {
    const momentum = { w: m.w.mul(0.9).add(g.w), b: m.b.mul(0.9).add(g.b) };
    return { p: { w: p.w.sub(momentum.w.mul(0.1)), b: p.b.sub(momentum.b.mul(0.1)) }, momentum };
  };
  const params = { w: spec([32, 16]), b: spec([16]) };
  const compiled = jit(step).lower(params, params, params).compile();
  const plan = compiled.asText({ stage: "fusion" });
  // Parameter and momentum of one shape come out of one kernel.
  assert.ok(groups(plan) <= 2, plan);
});

test("the gradient of a matmul has no buffer of M·K·N elements", () => {
  const [m, k, n] = [96, 80, 112];
  const loss = (x: NdArray, w: NdArray) => np.sum(np.tanh(x.matmul(w)));
  const both = jit(grad(loss, { argnums: [0, 1] }));
  const { tempSize } = both
    .lower(spec([m, k]), spec([k, n]))
    .compile()
    .memoryAnalysis();
  const largest = 4 * Math.max(m * k, k * n, m * n);
  assert.ok(tempSize <= 4 * largest, `${tempSize} bytes; M·K·N would be ${4 * m * k * n}`);
  // The same through einsum and through a broadcast product, which XLA too turns into a contraction or fuses.
  const byEinsum = jit(
    grad((x: NdArray, w: NdArray) => np.sum(np.einsum("ik,kj->ij", x, w)), { argnums: [0, 1] }),
  );
  const einsum = byEinsum
    .lower(spec([m, k]), spec([k, n]))
    .compile()
    .memoryAnalysis();
  assert.ok(einsum.tempSize <= 4 * largest, String(einsum.tempSize));
  // And the numbers, by finite differences.
  const [x, w] = [matrix(3, 5), matrix(5, 4)];
  const [gx, gw] = both(x, w).map(flat);
  for (const [which, array, gradient] of [["x", x, gx] as const, ["w", w, gw] as const]) {
    const data = flat(array);
    for (const at of [0, 3, data.length - 1]) {
      const moved = (h: number) => {
        const copy = np.array(data.map((v, i) => (i === at ? v + h : v))).reshape([...array.shape]);
        return (which === "x" ? loss(copy, w) : loss(x, copy)).item();
      };
      assert.ok(Math.abs((moved(1e-2) - moved(-1e-2)) / 2e-2 - gradient[at]) < 2e-3, `${which}[${at}]`);
    }
  }
});

/** A small convolutional network: conv 3×3, ReLU, mean over windows of 2, dense. Images [N, 1, 8, 8]. */
interface Cnn {
  readonly kernel: NdArray;
  readonly bias: NdArray;
  readonly dense: NdArray;
}
function cnn({ kernel, bias, dense }: Cnn, images: NdArray): NdArray {
  const conv = lax.convGeneralDilated(images, kernel, [1, 1], "SAME").add(bias.reshape([1, -1, 1, 1]));
  const active = np.maximum(conv, 0);
  const pooled = lax.reduceWindow(active, 0, lax.add, [1, 1, 2, 2], [1, 1, 2, 2], "VALID").div(4);
  return pooled.reshape([images.shape[0], -1]).matmul(dense);
}

test("the gradient of a convolution's kernel, against finite differences", () => {
  const x = np.array(ramp(2 * 2 * 5 * 7)).reshape([2, 2, 5, 7]);
  const kernel = np.array(ramp(3 * 2 * 3 * 2, -0.5)).reshape([3, 2, 3, 2]);
  const loss = (k: NdArray, x: NdArray) => {
    const y = lax.convGeneralDilated(
      x,
      k,
      [2, 1],
      [
        [1, 0],
        [0, 1],
      ],
      { rhsDilation: [1, 2] },
    );
    return np.sum(np.sin(y));
  };
  const [gk, gx] = jit(grad(loss, { argnums: [0, 1] }))(kernel, x).map(flat);
  for (const [which, array, gradient] of [["kernel", kernel, gk] as const, ["x", x, gx] as const]) {
    const data = flat(array);
    for (const at of [0, 7, 11, data.length - 1]) {
      const moved = (h: number) => {
        const copy = np.array(data.map((v, i) => (i === at ? v + h : v))).reshape([...array.shape]);
        return (which === "x" ? loss(kernel, copy) : loss(copy, x)).item();
      };
      const slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
      assert.ok(Math.abs(slope - gradient[at]) < 5e-3, `${which}[${at}]: ${gradient[at]}, slope ${slope}`);
    }
  }
});

test("a small convolutional network trains", () => {
  const n = 16;
  // Bright in the upper or in the lower half.
  const pixels = Array.from({ length: n * 64 }, (_, i) => {
    const [image, row] = [Math.floor(i / 64), Math.floor((i % 64) / 8)];
    return (image % 2 === 0) === row < 4 ? 1 + 0.1 * Math.sin(i) : 0.1 * Math.cos(i);
  });
  const images = np.array(pixels).reshape([n, 1, 8, 8]);
  const labels = np.array(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1)));
  const loss = (p: Cnn) => np.mean(np.square(cnn(p, images).reshape([n]).sub(labels)));
  const step = jit((p: Cnn) => {
    const [value, g] = valueAndGrad(loss)(p);
    const move = (x: NdArray, dx: NdArray) => x.sub(dx.mul(0.05));
    return {
      value,
      p: { kernel: move(p.kernel, g.kernel), bias: move(p.bias, g.bias), dense: move(p.dense, g.dense) },
    };
  });
  let params: Cnn = {
    kernel: np
      .array(ramp(4 * 9, -0.9))
      .reshape([4, 1, 3, 3])
      .mul(0.3),
    bias: np.zeros([4]),
    dense: np.array(ramp(64, -1)).reshape([64, 1]).mul(0.1),
  };
  const losses: number[] = [];
  for (let i = 0; i < 40; i++) {
    const next = step(params);
    losses.push(next.value.item());
    params = next.p;
  }
  assert.ok(losses[39] < 0.1 * losses[0], `${losses[0]} → ${losses[39]}`);
});
