/** data against NumPy's and safetensors' own files: what is in them, and the same bytes written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NdArray } from "../frontend/core/index.ts";
import * as data from "../frontend/data/index.ts";
import { arrayDifference } from "./helpers/golden-compare.ts";
import { GoldenContainer, type StoredArray } from "./helpers/golden-container.ts";

interface StoredFile {
  readonly format: "npy" | "npz" | "safetensors";
  readonly name: string;
  readonly file: StoredArray;
  readonly arrays: Readonly<Record<string, StoredArray>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly same: boolean;
}

const container = new GoldenContainer<{ readonly files: readonly StoredFile[] }>("data-files");

function assertEqual(actual: Readonly<Record<string, NdArray>>, stored: StoredFile): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(stored.arrays).sort());
  for (const [name, expected] of Object.entries(stored.arrays)) {
    assert.equal(actual[name].dtype, container.array(expected).dtype, name);
    assert.equal(arrayDifference(actual[name], container.array(expected), { exact: true }), null, name);
  }
}

async function read(format: StoredFile["format"], bytes: Uint8Array): Promise<Record<string, NdArray>> {
  switch (format) {
    case "npy":
      return { x: data.readNpy(bytes) };
    case "npz":
      return data.readNpz(bytes);
    case "safetensors":
      return data.readSafetensors(bytes).tensors;
  }
}

async function write(
  format: StoredFile["format"],
  arrays: Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  switch (format) {
    case "npy":
      return data.writeNpy(arrays.x);
    case "npz":
      return data.writeNpz(arrays, { compressed: true });
    case "safetensors":
      return data.writeSafetensors(arrays, { metadata });
  }
}

for (const stored of container.header.files) {
  test(`${stored.format}: ${stored.name}`, async () => {
    const bytes = Uint8Array.from((await container.array(stored.file).data()) as Uint8Array);
    const arrays = await read(stored.format, bytes);
    assertEqual(arrays, stored);
    const written = await write(stored.format, arrays, stored.metadata);
    if (stored.same) assert.deepEqual(written, bytes, "the bytes that the library writes");
    assertEqual(await read(stored.format, written), stored);
    if (stored.format === "safetensors") {
      assert.deepEqual(data.readSafetensors(written).metadata, stored.metadata);
    }
  });
}
