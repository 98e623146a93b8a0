/** `exportFunction`, `serialize`, `deserialize`: functions compiled ahead of time as values. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import {
  ArtifactError,
  deserialize,
  exportFunction,
  grad,
  jit,
  lax,
  type NdArray,
  nn,
  numpy as np,
  spec,
  tree,
  vjp,
} from "weft";
import { packArtifact } from "../compiler/artifact/container.ts";
import { compileGraph } from "../compiler/pipeline.ts";
import { crc32 } from "../compiler/program/checksum.ts";
import { checkWebGpuFile } from "../runtime/artifact/check-webgpu.ts";
import { constantSegment } from "../runtime/artifact/constant-segment.ts";
import { readWebGpuFile, webGpuExecutable } from "../runtime/artifact/webgpu-file.ts";
import { Weights } from "../runtime/artifact/weights.ts";
import { fuzzArtifact } from "./fuzz/artifact.ts";
import { Random } from "./helpers/random.ts";

interface Params {
  readonly w: NdArray;
  readonly b: NdArray;
}

const values = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(i * 1.7));
const params = (): Params => ({ w: np.array(values(6)).reshape([3, 2]), b: np.array([0.5, -1]) });
const layer = (p: Params, x: NdArray): NdArray => nn.gelu(x.matmul(p.w).add(p.b));

describe("exportFunction", () => {
  const exported = exportFunction(layer)({ w: spec([3, 2]), b: spec([2]) }, spec([4, 3]));
  const x = (): NdArray => np.array(values(12)).reshape([4, 3]);

  test("knows its interface, and gives the bits of the just-in-time call", async () => {
    assert.equal(exported.name, "layer");
    assert.deepEqual(exported.inAvals.map(String), [
      "ShapeDtypeStruct(float32[2])",
      "ShapeDtypeStruct(float32[3,2])",
      "ShapeDtypeStruct(float32[4,3])",
    ]);
    assert.deepEqual(exported.outAvals.map(String), ["ShapeDtypeStruct(float32[4,2])"]);
    assert.equal(tree.formatTreeDef(exported.inTree), "[{b: *, w: *}, *]");
    const read = deserialize<typeof layer>(exported.serialize());
    const wanted = await jit(layer)(params(), x()).data();
    for (const each of [exported, read]) assert.deepEqual(await each.call(params(), x()).data(), wanted);
  });

  test("compiling twice gives identical bytes, and reading and writing too", () => {
    const again = exportFunction(layer)({ w: spec([3, 2]), b: spec([2]) }, spec([4, 3]));
    const bytes = exported.serialize();
    assert.deepEqual(again.serialize(), bytes);
    assert.deepEqual(deserialize(bytes).serialize(), bytes);
  });

  test("arguments that do not fit are all listed, with their paths", () => {
    assert.throws(
      () => exported.call({ w: np.zeros([2, 3]), b: np.zeros([2]).astype("int32") }, np.zeros([4])),
      (error: Error) =>
        error.name === "WeftTypeError" &&
        [
          "args[0].b: expected f32[2], got i32[2]",
          "args[0].w: expected f32[3,2], got f32[2,3]",
          "args[1]: expected f32[4,3], got f32[4]",
        ].every((line) => error.message.includes(line)),
    );
    assert.throws(() => exported.call({ w: np.zeros([3, 2]) } as Params, x()), /args\[0\]: .*missing key b/);
  });

  test("captured arrays and constants go with it, each once", async () => {
    const shared = np.array(values(300)).reshape([3, 100]);
    const f = (a: NdArray): NdArray => a.matmul(shared).add(np.sum(shared, { axis: 0 }));
    const both = exportFunction(f, { sizes: { n: [1, 2] } })(spec(["n", 3]));
    const file = both.artifact.sections.get("f.safetensors") ?? new Uint8Array();
    assert.ok(file.length > 1200 && file.length < 1400, `${file.length} bytes of weights`);
    for (const n of [1, 2]) {
      const a = np.array(values(3 * n)).reshape([n, 3]);
      assert.deepEqual(await deserialize<typeof f>(both.serialize()).call(a).data(), await jit(f)(a).data());
    }
  });

  test("a constant segment longer than its tensors is refused before memory is taken for it", () => {
    const f = (n: NdArray, a: NdArray): NdArray => lax.foriLoop(0, n, (_, c: NdArray) => c.mul(2), a);
    const { manifest, sections } = exportFunction(f, { target: "both" })(
      spec([], "int32"),
      spec([3]),
    ).artifact;
    const [program] = manifest.programs;
    const constants = [0, 64].map((offset) => ({ tensor: `at ${offset}`, offset }));
    const segment = (constantBytes: number): Uint8Array =>
      constantSegment({ constantBytes, constants }, (tensor) => Uint8Array.of(tensor.length, 7, 7));
    assert.deepEqual([...segment(128).subarray(64, 68)], [5, 7, 7, 0]);
    for (const bytes of [0, 64, 66, 127, 192])
      assert.throws(() => segment(bytes), /^ArtifactError: constants end/);
    const weights = new Weights(manifest, sections);
    const file = readWebGpuFile(manifest, program, sections);
    assert.doesNotThrow(() => webGpuExecutable(file, weights));
    const constantBytes = 2 ** 32 - 64;
    const swollen = checkWebGpuFile({ ...file, interface: { ...file.interface, constantBytes } }, program);
    const before = process.memoryUsage().arrayBuffers;
    const refused = {
      name: "ArtifactError",
      message: /^constants end at \d+, not \d+$/,
    };
    assert.throws(() => webGpuExecutable(swollen, weights), refused);
    const programs = [{ ...program, constantBytes: 2 ** 31 }];
    const read = deserialize<typeof f>(packArtifact({ manifest: { ...manifest, programs }, sections }));
    assert.throws(() => read.call(np.array(1, { dtype: "int32" }), np.array(values(3))), refused);
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 24);
  });

  test("static arguments are compiled in; donated ones are gone afterwards", () => {
    const f = jit((a: NdArray, n: number) => a.mul(n), {
      staticArgnums: [1],
      donateArgnums: [0],
      name: "scale",
    });
    const scale = exportFunction(f)(spec([2]), 3);
    assert.equal(scale.manifest.parameters.length, 1);
    assert.deepEqual(scale.manifest.programs[0].aliases, [0]);
    const a = np.array([1, 2]);
    const result: NdArray = Reflect.apply(scale.call, scale, [a]);
    assert.deepEqual([...result.dataSync()], [3, 6]);
    assert.throws(() => a.dataSync(), /donated to scale/);
  });

  test("loops, integers, booleans and float64 pass", async () => {
    const f = (n: NdArray, mask: NdArray, y: NdArray) => ({
      loop: lax.whileLoop(
        (c: NdArray) => c.less(100),
        (c) => c.mul(2),
        n,
      ),
      picked: np.where(mask, y, y.neg()),
      any: mask.any(),
    });
    const exported = exportFunction(f)(spec([], "int32"), spec([3], "bool"), spec([3], "float64"));
    const { loop, picked, any } = deserialize<typeof f>(exported.serialize()).call(
      np.array(3, { dtype: "int32" }),
      np.array([true, false, true]),
      np.array([1, 2, 3], { dtype: "float64" }),
    );
    assert.equal(loop.item(), 192);
    assert.equal(loop.dtype, "int32");
    assert.deepEqual([...(await picked.data())], [1, -2, 3]);
    assert.equal(picked.dtype, "float64");
    assert.equal(any.item(), 1);
  });

  test("cannot be traced: it has no graph", () => {
    assert.throws(
      () => jit((p: Params, a: NdArray) => exported.call(p, a))(params(), x()),
      /layer was compiled ahead of time: it has no graph/,
    );
  });
});

describe("sizes chosen at the call", () => {
  const softmax = (x: NdArray): NdArray => nn.softmax(x);
  const exported = exportFunction(softmax, { sizes: { b: [8, 1, 32] } })(spec(["b", 5]));
  const batch = (n: number): NdArray => np.array(values(5 * n)).reshape([n, 5]);

  test("the call picks its program; results have the size", async () => {
    assert.deepEqual(exported.sizes, [{ b: 1 }, { b: 8 }, { b: 32 }]);
    assert.deepEqual(exported.outAvals.map(String), ["SymbolicSpec(float32[b,5])"]);
    for (const n of [1, 8, 32]) {
      const result = exported.call(batch(n));
      assert.deepEqual(result.shape, [n, 5]);
      assert.deepEqual(await result.data(), await jit(softmax)(batch(n)).data());
    }
  });

  test("where none fits, it says which there are", () => {
    assert.throws(
      () => exported.call(batch(9)),
      /no program for b = 9: it was compiled for b = 1; b = 8; b = 32/,
    );
  });

  test("padding runs the next larger one and cuts the result back", async () => {
    const padded = exportFunction(softmax, { sizes: { b: [4, 16] }, pad: true })(spec(["b", 5]));
    for (const n of [0, 1, 3, 4, 5, 16]) {
      const result = deserialize<typeof softmax>(padded.serialize()).call(batch(n));
      assert.deepEqual(result.shape, [n, 5]);
      assert.deepEqual(await result.data(), await jit(softmax)(batch(n)).data(), `${n} rows`);
    }
    assert.throws(() => padded.call(batch(17)), /no program for b = 17/);
    assert.throws(
      () =>
        exportFunction((x: NdArray) => np.concatenate([x, x]), { sizes: { b: [2, 4] }, pad: true })(
          spec(["b"]),
        ),
      /cannot be cut back/,
    );
  });

  test("two sizes, shared by arguments, in the middle of shapes", async () => {
    const f = (x: NdArray, y: NdArray) => np.sum(x.mul(y), { axis: 0 });
    const both = exportFunction(f, { sizes: { b: [2, 3], t: [4, 6] }, pad: true })(
      spec(["b", "t"]),
      spec(["b", "t"]),
    );
    assert.equal(both.sizes.length, 4);
    const x = np.array(values(10)).reshape([2, 5]);
    const result = both.call(x, x);
    assert.deepEqual(result.shape, [5]);
    assert.deepEqual(await result.data(), await jit(f)(x, x).data());
    assert.throws(() => both.call(x, np.zeros([3, 5])), /args\[1\]: b is 3 here and 2 before/);
  });

  test("names and sizes have to agree", () => {
    assert.throws(() => exportFunction(softmax)(spec(["b", 5])), /no sizes are given for it/);
    assert.throws(() => exportFunction(softmax, { sizes: { c: [1] } })(spec([5])), /no shape has that name/);
    assert.throws(() => exportFunction(softmax, { sizes: { b: [1.5] } })(spec(["b"])), /whole numbers/);
    assert.throws(() => spec(["2b"]), /not the name of a size/);
  });
});

test("vjpOrder exports derivatives, to the order asked for", async () => {
  const f = (p: Params, x: NdArray): NdArray => np.sum(np.tanh(layer(p, x)), { axis: 1 });
  const exported = exportFunction(f, { vjpOrder: 1, sizes: { b: [1, 4] } })(
    { w: spec([3, 2]), b: spec([2]) },
    spec(["b", 3]),
  );
  const x = np.array(values(12)).reshape([4, 3]);
  const ct = np.array([1, 2, 3, 4]);
  const derivative = deserialize<typeof f>(exported.serialize()).vjp();
  const [dp, dx] = Reflect.apply(derivative.call, derivative, [params(), x, ct]) as [Params, NdArray];
  const wanted = jit((p: Params, y: NdArray, c: NdArray) => vjp(f, [p, y])[1](c))(params(), x, ct);
  assert.deepEqual(await dp.w.data(), await wanted[0].w.data());
  assert.deepEqual(await dx.data(), await wanted[1].data());
  assert.throws(() => derivative.vjp(), /vjpOrder: 1/);
});

test("the checksum is zlib's", () => {
  const random = new Random(5);
  for (let n = 0; n < 70; n++) {
    const bytes = Uint8Array.from({ length: n }, () => random.below(256));
    assert.equal(crc32(bytes), zlibCrc32(bytes));
  }
});

describe("artifacts are refused", () => {
  const f = (x: NdArray): NdArray => grad((y: NdArray) => np.sum(np.exp(y)))(x).mul(np.array([1, 2, 3]));
  const bytes = exportFunction(f)(spec([3])).serialize();
  const refused = (altered: Uint8Array, why: RegExp): void =>
    assert.throws(
      () => deserialize(altered),
      (error: unknown) => error instanceof ArtifactError && why.test(error.message),
      String(why),
    );
  const withByte = (at: number, value: number): Uint8Array => {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  };

  test("that are none, are truncated, altered or of another version", () => {
    refused(new Uint8Array(0), /not a compiled function: 0 bytes/);
    refused(new TextEncoder().encode("graph @f() -> () {}"), /it begins otherwise/);
    refused(bytes.subarray(0, 20), /truncated within its header/);
    refused(bytes.subarray(0, bytes.length - 1), /truncated: it has \d+ bytes, its header says \d+/);
    refused(Uint8Array.of(...bytes, 0), /lengths do not add up/);
    refused(
      withByte(8, 2),
      /format version 2, this runtime reads version 1: use a newer Weft, or compile it again/,
    );
    refused(withByte(8, 0), /version 0.*: compile it again/);
    refused(withByte(40, bytes[40] ^ 1), /manifest does not have its checksum/);
    refused(
      withByte(bytes.length - 1, bytes[bytes.length - 1] ^ 1),
      /f\.safetensors was altered: its CRC-32/,
    );
  });

  test("whose manifests make no sense, though their checksums are right", () => {
    const { artifact } = deserialize(bytes);
    const { manifest } = artifact;
    const [program] = manifest.programs;
    const sealed = (change: object): Uint8Array =>
      packArtifact({ ...artifact, manifest: { ...manifest, ...change } });
    const withProgram = (change: object): Uint8Array => sealed({ programs: [{ ...program, ...change }] });
    refused(sealed({ programs: [] }), /there is no program/);
    refused(sealed({ results: "f32[3" }), /results is no type/);
    refused(sealed({ weights: "none" }), /weights names a section that is not there/);
    refused(withProgram({ inputs: ["f32[4]"] }), /inputs\[0\] is not f32\[3\]/);
    refused(withProgram({ outputs: [] }), /outputs are 0, the trees have 1 leaves/);
    refused(withProgram({ aliases: [0] }), /no donated input/);
    refused(withProgram({ tempBytes: 2 ** 33 }), /more than WebAssembly can address/);
    refused(withProgram({ tempBytes: -1 }), /not a whole number/);
    refused(withProgram({ wasm: { section: "../f.wasm", relaxed: null } }), /not there/);
    refused(withProgram({ wasm: { section: "f.wasm", relaxed: [8, 1 << 20] } }), /not within its section/);
    refused(withProgram({ wasm: null }), /for no target/);
  });

  test("whatever is changed in them, with checksums made right again too", () => {
    const lines: string[] = [];
    const failures = fuzzArtifact({ seed: 1, count: 3000, seconds: 60, log: (line) => lines.push(line) });
    assert.equal(failures, 0, lines.join("\n"));
    assert.match(lines.at(-1) ?? "", /^3000 altered artifacts/);
  });
});

test("a graph compiles to the same bytes in one process and the next call", () => {
  const { graph } = jit(layer).trace(params(), np.zeros([4, 3]));
  const [a, b] = [compileGraph(graph), compileGraph(graph)].map(({ executable }) => executable.modules);
  assert.deepEqual(a.simd, b.simd);
  assert.deepEqual(a.relaxed, b.relaxed);
});
