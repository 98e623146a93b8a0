/** Which of the compiled programs a call takes: by the extents that the parameters' types leave open. */
import {
  type ArtifactProgram,
  type LeafType,
  type Manifest,
  parseLeaf,
} from "../../compiler/program/artifact.ts";
import { arrayClass, byteLength } from "./elements.ts";

/** An argument as far as choosing goes. */
export interface GivenLeaf {
  /** `args[0].w` */
  readonly path: string;
  /** What its parameter says: `f32[b,784]`. */
  readonly type: string;
  /** Null where only the number of elements is known: a flat typed array. */
  readonly shape: readonly number[] | null;
  readonly count: number;
  /** The argument in words: `Float32Array of 3`. */
  readonly text: string;
}

export interface Choice {
  readonly program: ArtifactProgram;
  /** The shape of each argument as it was given. */
  readonly shapes: readonly (readonly number[])[];
  /** The sizes that were given, where the arguments have to be filled up to the program's; else null. */
  readonly sizes: ReadonlyMap<string, number> | null;
}

/** The program for these arguments, or null where there are problems, with what is wrong here added to them. */
export function chooseProgram(
  manifest: Manifest,
  leaves: readonly GivenLeaf[],
  problems: string[],
): Choice | null {
  const sizes = new Map<string, number>();
  const shapes = leaves.map((leaf) => bindShape(leaf, sizes, problems));
  // Flat arrays come after those that say their shape.
  for (const [i, leaf] of leaves.entries()) shapes[i] ??= bindCount(leaf, sizes, problems);
  if (problems.length > 0) return null;
  const has = (fits: (size: number, wanted: number) => boolean): ArtifactProgram | undefined =>
    manifest.programs.find(({ sizes: own }) => [...sizes].every(([name, wanted]) => fits(own[name], wanted)));
  const exact = has((size, wanted) => size === wanted);
  const program = exact ?? (manifest.pad ? has((size, wanted) => size >= wanted) : undefined);
  if (program !== undefined) {
    return { program, shapes: shapes.map((shape) => shape ?? []), sizes: exact ? null : sizes };
  }
  const wanted = sizesText(Object.fromEntries(sizes));
  const compiled = manifest.programs.map((each) => sizesText(each.sizes)).join("; ");
  problems.push(`no program for ${wanted}: it was compiled for ${compiled}`);
  return null;
}

function sizesText(sizes: Readonly<Record<string, number>>): string {
  return Object.entries(sizes)
    .map(([name, size]) => `${name} = ${size}`)
    .join(", ");
}

/** Compares a known shape and binds the names in its type. */
function bindShape(
  { path, type, shape, text }: GivenLeaf,
  sizes: Map<string, number>,
  problems: string[],
): readonly number[] | null {
  if (shape === null) return null;
  const wanted = leafType(type).shape;
  const fits =
    shape.length === wanted.length &&
    wanted.every((extent, axis) => typeof extent === "string" || extent === shape[axis]);
  if (!fits) problems.push(`${path}: expected ${type}, got ${text}`);
  else for (const [axis, extent] of wanted.entries()) bind(extent, shape[axis], path, sizes, problems);
  return shape;
}

/** The shape of a flat array: at most one of its names may be unknown. */
function bindCount(
  { path, type, count, text }: GivenLeaf,
  sizes: Map<string, number>,
  problems: string[],
): readonly number[] {
  const { shape } = leafType(type);
  const open = shape.filter((x) => typeof x === "string" && !sizes.has(x));
  const known = shape.reduce<number>((n, x) => n * (typeof x === "number" ? x : (sizes.get(x) ?? 1)), 1);
  if (open.length > 1) problems.push(`${path}: its shape is open (${type}), so give it as { data, shape }`);
  else if (open.length === 1 && count % known === 0) bind(open[0], count / known, path, sizes, problems);
  else if (open.length === 1 || count !== known) problems.push(`${path}: expected ${type}, got ${text}`);
  return shape.map((x) => (typeof x === "number" ? x : (sizes.get(x) ?? 0)));
}

function bind(
  extent: number | string,
  size: number,
  path: string,
  sizes: Map<string, number>,
  problems: string[],
): void {
  if (typeof extent === "number") return;
  const bound = sizes.get(extent);
  if (bound === undefined) sizes.set(extent, size);
  else if (bound !== size) problems.push(`${path}: ${extent} is ${size} here and ${bound} before`);
}

/** A type of a checked manifest. */
export function leafType(text: string): LeafType {
  const leaf = parseLeaf(text);
  if (leaf === null) throw new TypeError(`${text} is no type`);
  return leaf;
}

/** The shape of a checked program's input or output. */
export function programShape(text: string): readonly number[] {
  return leafType(text).shape.map(Number);
}

/** Bytes of a checked program's input or output. */
export function bytesOfLeaf(text: string): number {
  return byteLength(leafType(text).dtype, programShape(text));
}

/** The array with each axis filled up with zeros, or cut back, to another extent. */
export function fitTo(
  type: string,
  given: Uint8Array,
  from: readonly number[],
  to: readonly number[],
): Uint8Array<ArrayBuffer> {
  const width = arrayClass(leafType(type).dtype).BYTES_PER_ELEMENT;
  const target = new Uint8Array(to.reduce((n, x) => n * x, width));
  const copy = (axis: number, source: number, at: number): void => {
    const extent = Math.min(from[axis] ?? 1, to[axis] ?? 1);
    // Rows lie alike in both; a scalar is a row of one.
    if (axis >= to.length - 1) {
      const [start, end] = [source * (from[axis] ?? 1), at * (to[axis] ?? 1)];
      target.set(given.subarray(start * width, (start + extent) * width), end * width);
    } else {
      for (let i = 0; i < extent; i++) copy(axis + 1, source * from[axis] + i, at * to[axis] + i);
    }
  };
  copy(0, 0, 0);
  return target;
}

/** The shape that a result of a filled-up call has for its caller: where its type names a size, the size that was given. */
export function resultShape(
  type: string,
  whole: readonly number[],
  sizes: ReadonlyMap<string, number>,
): readonly number[] {
  return whole.map((extent, axis) => sizes.get(String(leafType(type).shape[axis])) ?? extent);
}
