/** Whether a manifest makes sense: what runs trusts its sizes and offsets. */
import {
  ARTIFACT_VERSION,
  leavesOf,
  type Manifest,
  parseLeaf,
  type TreeSpec,
} from "../../compiler/program/artifact.ts";
import { byteLength } from "./elements.ts";
import { ArtifactError } from "./errors.ts";

/** Deeper trees are refused, rather than left to overflow the stack. */
const DEPTH_LIMIT = 200;
/** Addresses are 32 bits. */
const MEMORY_LIMIT = 2 ** 32;

/** The manifest, if it is consistent. Throws ArtifactError that says where it is not. */
export function checkManifest(json: unknown): Manifest {
  const root = record(json, "the manifest");
  expect(root.format === "weft", "format is not weft");
  expect(root.version === ARTIFACT_VERSION, `version ${String(root.version)} is unknown`);
  text(root.compiler, "compiler");
  text(root.name, "name");
  expect(typeof root.pad === "boolean", "pad is not a boolean");
  const sections = checkSections(root.sections);
  if (root.weights !== null) checkSectionName(root.weights, sections, "weights");
  if (root.vjp !== null) checkSectionName(root.vjp, sections, "vjp");

  const inputs: Leaf[] = [];
  for (const [i, each] of list(root.parameters, "parameters").entries()) {
    const where = `parameters[${i}]`;
    const { name, tree, donated } = record(each, where);
    text(name, `${where}.name`);
    expect(typeof donated === "boolean", `${where}.donated is not a boolean`);
    checkTree(tree, `${where}.tree`, 0);
    inputs.push(...leavesOf(tree).map(({ type }) => ({ type, donated: donated === true })));
  }
  checkTree(root.results, "results", 0);
  const outputs = leavesOf(root.results).map(({ type }) => ({ type, donated: false }));
  const programs = list(root.programs, "programs");
  expect(programs.length > 0, "there is no program");
  const names = new Set(inputs.flatMap(({ type }) => symbols(type)));
  const seen = new Set<string>();
  for (const [i, each] of programs.entries()) {
    const sizes = checkProgram(record(each, `programs[${i}]`), `programs[${i}]`, {
      inputs,
      outputs,
      names,
      sections,
      hasWeights: root.weights !== null,
    });
    expect(!seen.has(sizes), `programs[${i}] is for the same sizes as another`);
    seen.add(sizes);
  }
  return root as unknown as Manifest;
}

interface Leaf {
  readonly type: string;
  readonly donated: boolean;
}

interface Signature {
  readonly inputs: readonly Leaf[];
  readonly outputs: readonly Leaf[];
  /** Sizes that the parameters name. */
  readonly names: ReadonlySet<string>;
  readonly sections: ReadonlyMap<string, number>;
  readonly hasWeights: boolean;
}

/** Returns the program's sizes as a text that equal ones share. */
function checkProgram(program: Json, where: string, signature: Signature): string {
  const given = record(program.sizes, `${where}.sizes`);
  const sizes = new Map(Object.entries(given).map(([name, n]) => [name, whole(n, `${where}.sizes.${name}`)]));
  for (const name of signature.names) expect(sizes.has(name), `${where} gives no size for ${name}`);
  expect(sizes.size === signature.names.size, `${where}.sizes has names that no parameter has`);
  const inputs = checkTypes(program.inputs, signature.inputs, sizes, `${where}.inputs`);
  const outputs = checkTypes(program.outputs, signature.outputs, sizes, `${where}.outputs`);
  const weights = list(program.weights, `${where}.weights`);
  for (const name of weights) text(name, `${where}.weights`);
  const aliases = list(program.aliases, `${where}.aliases`);
  expect(aliases.length === outputs.length, `${where}.aliases has another length than its outputs`);
  const taken = new Set<unknown>();
  for (const [o, alias] of aliases.entries()) {
    if (alias === null) continue;
    const i = whole(alias, `${where}.aliases`);
    expect(
      signature.inputs[i]?.donated === true && inputs[i] === outputs[o] && !taken.has(i),
      `${where}.aliases[${o}] is no donated input of the output's type`,
    );
    taken.add(i);
  }
  const temp = whole(program.tempBytes, `${where}.tempBytes`);
  const constantBytes = whole(program.constantBytes, `${where}.constantBytes`);
  const bytes = [...inputs, ...outputs].reduce((sum, type) => sum + bytesOfType(type), temp + constantBytes);
  expect(bytes < MEMORY_LIMIT, `${where} needs ${bytes} bytes, more than WebAssembly can address`);
  for (const constant of list(program.constants, `${where}.constants`)) {
    const { tensor, offset } = record(constant, `${where}.constants`);
    text(tensor, `${where}.constants`);
    expect(whole(offset, `${where}.constants`) <= constantBytes, `${where}.constants lie outside`);
    expect(signature.hasWeights, `${where} has constants, but there is no file of weights`);
  }
  expect(weights.length === 0 || signature.hasWeights, `${where} has weights, but there is no file of them`);
  expect(program.wasm !== null || program.webgpu !== null, `${where} is for no target`);
  if (program.wasm !== null) {
    const { section, relaxed } = record(program.wasm, `${where}.wasm`);
    const size = checkSectionName(section, signature.sections, `${where}.wasm`);
    if (relaxed !== null) {
      const [start, end] = list(relaxed, `${where}.wasm.relaxed`).map((x) =>
        whole(x, `${where}.wasm.relaxed`),
      );
      expect(start < end && end <= size, `${where}.wasm.relaxed is not within its section`);
    }
  }
  if (program.webgpu !== null) {
    checkSectionName(
      record(program.webgpu, `${where}.webgpu`).section,
      signature.sections,
      `${where}.webgpu`,
    );
  }
  return JSON.stringify([...sizes].sort());
}

/** The types, each the leaf's with its sizes put in. */
function checkTypes(
  json: unknown,
  leaves: readonly Leaf[],
  sizes: ReadonlyMap<string, number>,
  where: string,
): string[] {
  const types = list(json, where).map((x) => text(x, where));
  expect(
    types.length === leaves.length,
    `${where} are ${types.length}, the trees have ${leaves.length} leaves`,
  );
  for (const [i, type] of types.entries()) {
    const [have, want] = [parseLeaf(type), parseLeaf(leaves[i].type)];
    const fits =
      have !== null &&
      want !== null &&
      !have.weak &&
      have.dtype === want.dtype &&
      have.shape.length === want.shape.length &&
      have.shape.every((extent, axis) => {
        const wanted = want.shape[axis];
        if (typeof extent !== "number") return false;
        return wanted === "?" || extent === (typeof wanted === "number" ? wanted : sizes.get(wanted));
      });
    expect(fits, `${where}[${i}] is not ${leaves[i].type}`);
  }
  return types;
}

function bytesOfType(type: string): number {
  const leaf = parseLeaf(type);
  return leaf === null ? 0 : byteLength(leaf.dtype, leaf.shape.map(Number));
}

function symbols(type: string): string[] {
  return (parseLeaf(type)?.shape ?? []).filter((x) => typeof x === "string");
}

function checkTree(tree: unknown, where: string, depth: number): asserts tree is TreeSpec {
  expect(depth < DEPTH_LIMIT, `${where} is nested too deeply`);
  if (tree === null) return;
  if (typeof tree === "string") return expect(parseLeaf(tree) !== null, `${where} is no type`);
  expect(typeof tree === "object", `${where} is no tree`);
  for (const child of Object.values(tree)) checkTree(child, where, depth + 1);
}

/** Sizes of the sections by name. */
function checkSections(json: unknown): Map<string, number> {
  const sections = new Map<string, number>();
  for (const [i, each] of list(json, "sections").entries()) {
    const { name, bytes, crc32 } = record(each, `sections[${i}]`);
    const file = text(name, `sections[${i}].name`);
    // It becomes a file's name.
    expect(/^[\w.-]+$/.test(file) && !file.startsWith("."), `sections[${i}].name is no file name`);
    expect(!sections.has(file), `there are two sections ${file}`);
    expect(whole(crc32, `sections[${i}].crc32`) < 2 ** 32, `sections[${i}].crc32 is too large`);
    sections.set(file, whole(bytes, `sections[${i}].bytes`));
  }
  return sections;
}

function checkSectionName(name: unknown, sections: ReadonlyMap<string, number>, where: string): number {
  const bytes = sections.get(text(name, where));
  expect(bytes !== undefined, `${where} names a section that is not there`);
  return bytes;
}

type Json = Readonly<Record<string, unknown>>;

function expect(holds: boolean, why: string): asserts holds {
  if (!holds) throw new ArtifactError(`the compiled function's manifest is not valid: ${why}`);
}

function record(x: unknown, where: string): Json {
  expect(typeof x === "object" && x !== null && !Array.isArray(x), `${where} is not an object`);
  return x as Json;
}

function list(x: unknown, where: string): unknown[] {
  expect(Array.isArray(x), `${where} is not a list`);
  return x as unknown[];
}

function text(x: unknown, where: string): string {
  expect(typeof x === "string", `${where} is not a text`);
  return x as string;
}

function whole(x: unknown, where: string): number {
  expect(Number.isSafeInteger(x) && Number(x) >= 0, `${where} is not a whole number`);
  return x as number;
}
