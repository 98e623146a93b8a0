/** Readers on damaged files: errors that say what is wrong and where, never a crash, a hang or a huge allocation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { WeftTypeError, WeftValueError } from "../frontend/core/index.ts";
import * as data from "../frontend/data/index.ts";
import * as np from "../frontend/numpy/index.ts";

const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const concat = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

function npyOf(header: string, body = new Uint8Array(0)): Uint8Array {
  const text = ascii(`${header}\n`);
  return concat(ascii("\x93NUMPY\x01\x00"), Uint8Array.of(text.length & 255, text.length >> 8), text, body);
}

function safetensorsOf(header: unknown, body = new Uint8Array(0)): Uint8Array {
  const text = ascii(typeof header === "string" ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return concat(length, text, body);
}

const header = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

test("npy: what is wrong, and at which byte", () => {
  const four = new Uint8Array(4);
  const refusals: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(0), /npy file: at byte 0: it does not begin with \\x93NUMPY but with ""/],
    [ascii("PK\x03\x04 an archive"), /it does not begin with/],
    [ascii("\x93NUMPY"), /at byte 6: the file ends too early: the version takes 1 bytes, 0 are left/],
    [ascii("\x93NUMPY\x04\x00\x10\x00"), /at byte 6: version 4\.0 is unknown/],
    [ascii("\x93NUMPY\x01\x00\xff\xff{"), /the header takes 65535 bytes, 1 are left/],
    [ascii("\x93NUMPY\x02\x00\xff\xff\xff\xff{"), /the header takes 4294967295 bytes, 1 are left/],
    [npyOf(header("<f4", "(1,)"), new Uint8Array(3)), /the data of <f4\[1\] takes 4 bytes, 3 are left/],
    [npyOf(header("<f4", "(1,)"), new Uint8Array(5)), /1 bytes follow the 4 bytes of data/],
    [npyOf(header("<f4", "(1000000000, 1000000000)")), /more elements than an array can have/],
    [npyOf(header("<f4", "(2000000000,)")), /the data of .* takes 8000000000 bytes, 0 are left/],
    [npyOf(header("<f4", "(0, 99999999999999999999)")), /in the header, found|expected the extent|axis of/],
    [npyOf(header("<f4", "(9999999999, 0)")), /an axis of 9999999999 elements/],
    [npyOf(header("<f4", "(-1,)")), /expected the extent of an axis/],
    [npyOf(header("|O", "(1,)"), four), /object arrays are pickles, which are not read/],
    [npyOf(header("<c8", "(1,)"), new Uint8Array(8)), /save the real and the imaginary part/],
    [npyOf(header("<M8[ns]", "(1,)"), new Uint8Array(8)), /dtype "<M8\[ns\]" is none that Weft has/],
    [npyOf(header("<U3", "(1,)"), new Uint8Array(12)), /text and raw data are no numbers/],
    [npyOf("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", four), /a structured dtype/],
    [npyOf("{'descr': '<f4', 'shape': (1,)}", four), /the header has no fortran_order/],
    [npyOf("{'descr': '<f4', 'descr': '<f4'}", four), /unexpected or second key "descr"/],
    [npyOf("{'more': 1}", four), /unexpected or second key "more"/],
    [npyOf(header("<f4", "(1,)", "Maybe"), four), /expected True or False/],
    [npyOf(`${header("<f4", "(1,)")} x`, four), /the header goes on after its end/],
    [npyOf("{'descr': '<f4"), /a string does not end/],
    [npyOf("import os"), /expected "\{" in the header, found "import os/],
    [npyOf(header("|b1", "(2,)"), Uint8Array.of(1, 2)), /element 1 is 2, which is no boolean/],
    [
      npyOf(header("<i8", "(1,)"), Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0)),
      /element 0 is 4294967296, which is no int32: .* \{ int64: "float64" \}/,
    ],
  ];
  for (const [bytes, message] of refusals) assert.throws(() => data.readNpy(bytes), message);
  assert.throws(() => data.readNpy("x.npy" as unknown as Uint8Array), /takes the bytes of a file/);
  const wide = npyOf(header(">i8", "(1,)"), Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1));
  assert.equal(data.readNpy(wide, { int64: "float64" }).item(), 2 ** 32 + 1);
});

test("npy: from an ArrayBuffer, from a part of one at any place", () => {
  const bytes = npyOf(header("<f4", "(2,)"), new Uint8Array(new Float32Array([1, 2]).buffer));
  for (const shift of [0, 1, 3]) {
    const larger = new Uint8Array(bytes.length + 8);
    larger.set(bytes, shift);
    const view = new DataView(larger.buffer, shift, bytes.length);
    assert.deepEqual(data.readNpy(view).toArray(), [1, 2]);
  }
  assert.deepEqual(data.readNpy(Uint8Array.from(bytes).buffer).toArray(), [1, 2]);
});

test("safetensors: what is wrong, and of which tensor", () => {
  const body = new Uint8Array(8);
  const f32 = (begin: number, end: number, shape = [1]) => ({
    dtype: "F32",
    shape,
    data_offsets: [begin, end],
  });
  const refusals: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(3), /safetensors file: at byte 0: the file ends too early/],
    [concat(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 255), body), /which cannot be/],
    [
      concat(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0), body),
      /the header is 4294967296 bytes long, more than 100000000/,
    ],
    [concat(Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0), body), /the header takes 99 bytes, 8 are left/],
    [safetensorsOf(" {}"), /the header does not begin with "\{"/],
    [safetensorsOf("{"), /the header is no JSON/],
    [safetensorsOf("{}", body), /8 bytes at the end belong to no tensor/],
    [
      safetensorsOf({ a: f32(0, 4), b: f32(4, 12) }, body),
      /tensor "b": its data end at 12, but the file has only 8/,
    ],
    [safetensorsOf({ a: f32(0, 4), b: f32(2, 8) }, body), /tensor "b": it overlaps tensor "a"/],
    [safetensorsOf({ a: f32(0, 8, [2]), b: f32(0, 8, [2]) }, body), /tensor "b": it overlaps tensor "a"/],
    [safetensorsOf({ a: f32(4, 8) }, body), /tensor "a": 4 bytes before it belong to no tensor/],
    [
      safetensorsOf({ a: f32(0, 8) }, body),
      /tensor "a": F32\[1\] takes 4 bytes, its data_offsets are 8 apart/,
    ],
    [safetensorsOf({ a: f32(8, 0) }, body), /its data begin at 8, after their end at 0/],
    [safetensorsOf({ a: f32(0, 8, [2 ** 30, 2 ** 30]) }, body), /more elements than an array can have/],
    [
      safetensorsOf({ a: { ...f32(0, 8), dtype: "F8_E4M3" } }, body),
      /dtype "F8_E4M3" is none that Weft reads/,
    ],
    [safetensorsOf({ a: { dtype: "F32", shape: [2] } }, body), /data_offsets must be two counts/],
    [safetensorsOf({ a: { ...f32(0, 8), shape: [2.5] } }, body), /its shape must be a list of counts/],
    [safetensorsOf({ a: { ...f32(0, 8), more: 1 } }, body), /unknown field "more"/],
    [safetensorsOf({ a: 3 }, body), /its entry in the header is no object/],
    [safetensorsOf({ __metadata__: { n: 1 } }), /__metadata__ "n" must be a string, is number/],
  ];
  for (const [bytes, message] of refusals) assert.throws(() => data.readSafetensors(bytes), message);
});

test("safetensors: names of all kinds; refusals of the writer", async () => {
  const tensors = Object.fromEntries(
    ["b", "a", "2", "10", "__proto__", "ä", "\u{1f600}"].map((name, i) => [name, np.array([i])]),
  );
  const { tensors: read } = data.readSafetensors(await data.writeSafetensors(tensors));
  assert.deepEqual(Object.keys(read).sort(), Object.keys(tensors).sort());
  for (const [name, array] of Object.entries(read)) {
    assert.deepEqual(
      array.toArray(),
      Object.entries(tensors)
        .find(([key]) => key === name)?.[1]
        .toArray(),
      name,
    );
  }
  await assert.rejects(
    data.writeSafetensors({ __metadata__: np.zeros([1]) }),
    /no tensor can be called __metadata__/,
  );
  await assert.rejects(
    data.writeSafetensors({}, { metadata: { n: 1 as unknown as string } }),
    /metadata "n" must be a string/,
  );
});

test("trees by names, and back", () => {
  const params = { layers: [{ w: np.ones([2]) }, { w: np.zeros([3]) }], scale: np.array(2) };
  const named = data.flattenNames(params);
  assert.deepEqual(Object.keys(named), ["layers.0.w", "layers.1.w", "scale"]);
  assert.deepEqual(data.unflattenNames(named, params).layers[0].w.toArray(), [1, 1]);
  assert.deepEqual(Object.keys(data.flattenNames(params, { separator: "/" })), [
    "layers/0/w",
    "layers/1/w",
    "scale",
  ]);
  assert.throws(
    () => data.flattenNames({ "a.b": np.ones([1]), a: { b: np.ones([1]) } }),
    /two leaves are called "a\.b"/,
  );
  assert.throws(
    () =>
      data.unflattenNames({ "layers.0.w": np.ones([2, 1]), scale: named.scale, more: named.scale }, params),
    /layers\.0\.w is float32\(2, 1\), expected float32\(2,\)\n {2}layers\.1\.w is missing\n {2}more has no place/,
  );
});

const idx = (type: number, shape: readonly number[], body: Uint8Array) =>
  concat(
    Uint8Array.of(0, 0, type, shape.length),
    ...shape.map((n) => Uint8Array.of(n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255)),
    body,
  );

test("IDX: all types, plain and compressed; refusals", async () => {
  const images = idx(8, [2, 2, 2], Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 255));
  for (const bytes of [images, gzipSync(images)]) {
    const read = await data.readIdx(bytes);
    assert.equal(read.dtype, "uint8");
    assert.deepEqual(read.toArray(), [
      [
        [0, 1],
        [2, 3],
      ],
      [
        [4, 5],
        [6, 255],
      ],
    ]);
  }
  const types: readonly (readonly [number, string, Uint8Array, number])[] = [
    [9, "int8", Uint8Array.of(0xff), -1],
    [11, "int16", Uint8Array.of(0xff, 0xfe), -2],
    [12, "int32", Uint8Array.of(0x80, 0, 0, 0), -(2 ** 31)],
    [13, "float32", Uint8Array.of(0x3f, 0xc0, 0, 0), 1.5],
    [14, "float64", Uint8Array.of(0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5],
  ];
  for (const [type, dtype, body, value] of types) {
    const read = await data.readIdx(idx(type, [1], body));
    assert.deepEqual([read.dtype, read.item()], [dtype, value]);
  }
  await assert.rejects(
    data.readIdx(idx(10, [1], Uint8Array.of(1))),
    /IDX file: at byte 0: .* found 0, 0, 10/,
  );
  await assert.rejects(data.readIdx(images.subarray(0, 20)), /takes 8 bytes, 4 are left/);
  await assert.rejects(data.readIdx(concat(images, Uint8Array.of(0))), /1 bytes follow/);
  await assert.rejects(data.readIdx(idx(14, [2 ** 31 - 1, 1], new Uint8Array(0))), /takes 17179869176 bytes/);
  await assert.rejects(data.readIdx(gzipSync(images).subarray(0, 30)), /gzip file: .* damaged/);
  await assert.rejects(
    data.gunzip(gzipSync(new Uint8Array(1e6)), { maxBytes: 1000 }),
    /more than 1000 bytes/,
  );
  await assert.rejects(data.gunzip(images), /does not begin with 1f 8b/);
});

/** A generator of pseudorandom numbers in [0, n), the same in every run (mulberry32). */
function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** The file cut off, with other bytes, with bytes left out, put in or repeated. */
function mutated(bytes: Uint8Array, pick: (n: number) => number): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (let i = 0; i <= pick(3); i++) {
    const at = pick(result.length + 1);
    const values = [0, 1, 0x7f, 0x80, 0xff, pick(256)];
    switch (pick(5)) {
      case 0:
        result = result.subarray(0, at);
        break;
      case 1:
        if (at < result.length) result[at] = values[pick(values.length)];
        break;
      case 2:
        if (at < result.length) result[at] ^= 1 << pick(8);
        break;
      case 3:
        result = concat(result.subarray(0, at), result.subarray(Math.min(at + 1 + pick(8), result.length)));
        break;
      default:
        result = concat(result.subarray(0, at), result.subarray(Math.max(at - pick(16), 0)));
    }
  }
  return result;
}

test("thousands of damaged files: an error of the reader, or arrays no larger than the file says", async () => {
  const x = np.arange(12).reshape(3, 4).astype("float32");
  const y = np.arange(5);
  const seeds: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    ["npy", await data.writeNpy(x), (b) => data.readNpy(b)],
    ["npz", await data.writeNpz({ x, y }), (b) => data.readNpz(b)],
    ["npz", await data.writeNpz({ x, y }, { compressed: true }), (b) => data.readNpz(b)],
    [
      "safetensors",
      await data.writeSafetensors({ x, y, s: np.array(1) }, { metadata: { a: "b" } }),
      (b) => data.readSafetensors(b),
    ],
    ["idx", idx(8, [2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6)), (b) => data.readIdx(b)],
    ["idx.gz", gzipSync(idx(8, [2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6))), (b) => data.readIdx(b)],
    ["csv", ascii('a,b\n1,"x ""y"""\n2,z\n'), (b) => data.readCsv(b)],
  ];
  let refused = 0;
  for (const [name, bytes, read] of seeds) {
    const pick = generator(name.length * 1000 + bytes.length);
    for (let i = 0; i < 400; i++) {
      const damaged = mutated(bytes, pick);
      try {
        await read(damaged);
      } catch (error) {
        const known = error instanceof WeftValueError || error instanceof WeftTypeError;
        assert.ok(known, `${name} ${i}: ${error instanceof Error ? error.stack : String(error)}`);
        assert.match(error.message, /at byte \d+: |CSV/, `${name} ${i} says where`);
        refused++;
      }
    }
  }
  assert.ok(refused > 1000, `${refused} refused`);
});

test("npz: damaged archives are refused with the entry's name", async () => {
  const archive = await data.writeNpz({ first: np.arange(100), second: np.ones([10]) });
  const damage = (at: number) => {
    const bytes = Uint8Array.from(archive);
    bytes[at] ^= 255;
    return bytes;
  };
  // A byte of the first array's data.
  await assert.rejects(data.readNpz(damage(300)), /entry "first\.npy": the checksum is wrong/);
  await assert.rejects(data.readNpz(archive.subarray(0, archive.length - 1)), /no end record: .* cut off/);
  await assert.rejects(data.readNpz(ascii("no archive at all, but long enough")), /it is no zip archive/);
  await assert.rejects(data.readNpz(damage(0)), /here the header of entry "first\.npy" should be/);
  await assert.rejects(data.writeNpz({ "": np.ones([1]) }), /needs a name/);
});
