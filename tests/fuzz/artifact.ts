/**
 * Altered artifacts: whatever is changed in one, it is refused with a reason. Where the checksums are made right again,
 * the manifest is refused or makes sense: then it says the same as before, or what may be said.
 */
import { ArtifactError, deserialize, exportFunction, lax, type NdArray, numpy as np, spec } from "weft";
import { packArtifact } from "../../compiler/artifact/container.ts";
import type { Artifact } from "../../compiler/program/artifact.ts";
import { describeSections } from "../../frontend/aot/build.ts";
import { checkWebGpuFile } from "../../runtime/artifact/check-webgpu.ts";
import { loadSync } from "../../runtime/artifact/loader.ts";
import { checkManifest } from "../../runtime/artifact/manifest.ts";
import { readSafetensors } from "../../runtime/artifact/safetensors.ts";
import { readWebGpuFile, webGpuExecutable } from "../../runtime/artifact/webgpu-file.ts";
import { Weights } from "../../runtime/artifact/weights.ts";
import { prepareSchedule } from "../../runtime/webgpu/schedule.ts";
import { Random } from "../helpers/random.ts";

export interface ArtifactFuzzOptions {
  readonly seed: number;
  readonly count: number;
  readonly seconds: number;
  readonly log: (line: string) => void;
}

/** Three artifacts: with weights, trees and several sizes; small; and for WebGPU. */
function samples(): Artifact[] {
  const weights = np.array([0.5, -1, 2, 4, 8, 16]).reshape([2, 3]);
  const model = ({ x, on }: { x: NdArray; on: NdArray }, y: NdArray) => [
    np.where(on, x.matmul(weights), 0),
    { "a b": np.sum(y), none: null },
  ];
  const large = exportFunction(model, { sizes: { n: [1, 2] }, pad: true })(
    { x: spec(["n", 2]), on: spec([], "bool") },
    spec([3], "int32"),
  );
  const small = exportFunction((x: NdArray) => x.add(1))(spec([2]));
  const gpu = exportFunction(
    (x: NdArray, i: NdArray) => {
      const looped = lax.foriLoop(0, 3, (k, y) => y.at(k).add(1), np.sin(x.matmul(weights)).ravel());
      return lax.cond(
        np.sum(i).greater(0),
        (y: NdArray) => y,
        (y: NdArray) => y.mul(2),
        looped,
      );
    },
    { target: "both" },
  )(spec([3, 2]), spec([2], "int32"));
  return [large.artifact, small.artifact, gpu.artifact];
}

/** Returns the number of failures, each printed with its seed. */
export function fuzzArtifact({ seed, count, seconds, log }: ArtifactFuzzOptions): number {
  const artifacts = samples();
  const packed = artifacts.map(packArtifact);
  const started = performance.now();
  let failures = 0;
  let done = 0;
  const accepted = { n: 0 };
  const mutate = (i: number, random: Random): void => {
    if (random.chance(0.4)) return mutateBytes(packed[i], random);
    if (random.chance(0.2)) return mutateFile(artifacts[i], random);
    if (random.chance(0.7)) return mutateManifest(artifacts[i], random, accepted);
    if (random.chance(0.4)) return mutateWeights(artifacts[0], random);
    mutateGpuProgram(artifacts[2], random, accepted);
  };
  for (; done < count && performance.now() - started < seconds * 1000; done++) {
    const random = new Random(seed + done);
    const i = random.below(artifacts.length);
    try {
      mutate(i, random);
    } catch (error) {
      failures++;
      log(`seed ${seed + done}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  log(`${done} altered artifacts, ${failures} failures; ${accepted.n} manifests still made sense`);
  return failures;
}

/** Any change of the bytes is refused. */
function mutateBytes(bytes: Uint8Array, random: Random): void {
  const copy = altered(bytes, random);
  if (equal(copy, bytes)) return;
  if (!refused(() => deserialize(copy))) throw new Error("altered bytes were accepted");
}

/** The loader beside a compiled function refuses any change of one of its files, and constants that are not as long as it says. */
function mutateFile({ manifest, sections }: Artifact, random: Random): void {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const [name, bytes] of sections) files[name] = Uint8Array.from(bytes);
  const needed = [manifest.weights, ...manifest.programs.map(({ wasm }) => wasm?.section)];
  const file = random.pick(needed.filter((name) => typeof name === "string"));
  const [first, ...others] = manifest.programs;
  const programs = [
    { ...first, constantBytes: first.constantBytes + 64 * (1 + random.below(2 ** 25)) },
    ...others,
  ];
  if (random.chance(0.1)) {
    if (!refused(() => loadSync({ ...manifest, programs }, files)))
      throw new Error("no constants are so long");
    return;
  }
  if (random.chance(0.1)) {
    const version = random.pick([0, 2, -1, "1", null]) as typeof manifest.version;
    if (!refused(() => loadSync({ ...manifest, version }, files)))
      throw new Error("another version was accepted");
    return;
  }
  files[file] = altered(files[file], random);
  if (equal(files[file], sections.get(file) ?? new Uint8Array())) return;
  if (!refused(() => loadSync(manifest, files))) throw new Error(`an altered ${file} was accepted`);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

/** Bytes cut off, inserted, moved or overwritten. */
function altered(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let copy = Uint8Array.from(bytes);
  switch (random.below(4)) {
    case 0:
      copy = copy.slice(0, random.below(copy.length));
      break;
    case 1: {
      const at = random.below(copy.length);
      const extra = Uint8Array.from({ length: 1 + random.below(9) }, () => random.below(256));
      copy = Uint8Array.of(...copy.subarray(0, at), ...extra, ...copy.subarray(at));
      break;
    }
    case 2: {
      // A piece is moved over another.
      const from = random.below(copy.length);
      copy.copyWithin(random.below(copy.length), from, from + random.below(64));
      break;
    }
    default:
      for (let n = 1 + random.below(5); n > 0; n--) copy[random.below(copy.length)] = random.below(256);
  }
  return copy;
}

/** A manifest whose checksum is right: refused, or consistent by the same check anew, and written as it was read. */
function mutateManifest(artifact: Artifact, random: Random, accepted: { n: number }): void {
  const json = structuredClone(artifact.manifest) as unknown;
  for (let n = 1 + random.below(2); n > 0; n--) mutateJson(json, random);
  // The container's writer trusts what it writes the sections by.
  const manifest = { ...artifact.manifest, toJSON: () => json };
  const bytes = packArtifact({ ...artifact, manifest });
  if (refused(() => deserialize(bytes))) return;
  accepted.n++;
  const read = deserialize(bytes).manifest;
  checkManifest(read);
  for (const { tempBytes, inputs, outputs, aliases } of read.programs) {
    if (!(tempBytes >= 0) || aliases.length !== outputs.length || inputs.some((x) => typeof x !== "string")) {
      throw new Error("an inconsistent manifest was accepted");
    }
  }
}

/** A file of weights, checksums right: refused, or its tensors lie within it. */
function mutateWeights(artifact: Artifact, random: Random): void {
  const name = artifact.manifest.weights ?? "";
  const file = (artifact.sections.get(name) ?? new Uint8Array()).slice();
  const header = 8 + file[0] + 256 * file[1];
  for (let n = 1 + random.below(3); n > 0; n--) file[random.below(header)] = 32 + random.below(95);
  const sections = new Map([...artifact.sections, [name, file]]);
  const manifest = { ...artifact.manifest, sections: describeSections(sections) };
  if (refused(() => deserialize(packArtifact({ manifest, sections })))) return;
  for (const { bytes } of readSafetensors(file, name).values()) {
    if (bytes.byteOffset + bytes.byteLength > file.buffer.byteLength)
      throw new Error("a tensor lies outside");
  }
}

/** A program for WebGPU, checksums right: refused, or made ready to run without another error. */
function mutateGpuProgram({ manifest, sections }: Artifact, random: Random, accepted: { n: number }): void {
  const [program] = manifest.programs;
  const json = structuredClone(readWebGpuFile(manifest, program, sections)) as unknown;
  for (let n = 1 + random.below(3); n > 0; n--) mutateJson(json, random);
  const again = refused(() => {
    const file = checkWebGpuFile(json, program);
    const executable = webGpuExecutable(file, new Weights(manifest, sections));
    prepareSchedule(executable.schedule);
  });
  if (!again) accepted.n++;
}

/** Changes one place of a JSON value. */
function mutateJson(root: unknown, random: Random): void {
  let node = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(node);
    if (keys.length === 0) return;
    const key = random.pick(keys);
    const child = node[key];
    if (typeof child === "object" && child !== null && random.chance(0.85)) {
      node = child as Record<string, unknown>;
      continue;
    }
    if (random.chance(0.2)) delete node[key];
    else node[key] = random.pick(REPLACEMENTS(child, random));
    return;
  }
}

const REPLACEMENTS = (old: unknown, random: Random): unknown[] => [
  null,
  true,
  -1,
  0.5,
  2 ** 40,
  random.below(300),
  "",
  "f32[2]",
  "f32[n]*",
  "f32[999999999999999]",
  "../x",
  "__proto__",
  [],
  {},
  [old, old],
  { key: old },
  typeof old === "number" ? old + 1 : `${old}0`,
  typeof old === "string" ? old.replace(/\d/, "7") : old,
];

/** Whether it throws an ArtifactError. Any other error is a failure. */
function refused(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof ArtifactError) return true;
    throw error;
  }
}
