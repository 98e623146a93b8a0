/**
 * The ahead-of-time artifact: a manifest, which is plain JSON, and sections of bytes that it names with their sizes and
 * checksums. The sections are the files that `weft compile` writes; `serialize()` puts manifest and sections into one
 * container. docs/ahead-of-time.md describes both for readers who write their own.
 */
/** Raised whenever an older loader would misread what a newer compiler writes. */
export const ARTIFACT_VERSION = 1;

/** How a container begins, and the bytes before its manifest; compiler/artifact/container.ts has the layout. */
export const ARTIFACT_MAGIC: readonly number[] = [0x57, 0x45, 0x46, 0x54, 0x0d, 0x0a, 0x1a, 0x0a];
export const ARTIFACT_HEADER_BYTES = 24;

/**
 * Leaves are types as the IR spells them, `"f32[2,1]"`, with `*` where weakly typed and a name where a size is chosen at the
 * call: `"f32[b,784]"`. Nodes are lists, objects with sorted keys, and null.
 */
export type TreeSpec = string | null | readonly TreeSpec[] | { readonly [key: string]: TreeSpec };

export interface ArtifactParameter {
  /** The user's name, or `argN`. */
  readonly name: string;
  readonly tree: TreeSpec;
  /** Results may take over its memory. */
  readonly donated: boolean;
}

/** A tensor of the weights file, placed in the constant segment. */
export interface ArtifactConstant {
  readonly tensor: string;
  /** In bytes. */
  readonly offset: number;
}

export interface WasmSection {
  readonly section: string;
  /**
   * Where in the section the module for engines with relaxed SIMD lies, as [start, end): it is the contents of a custom
   * section of the portable module, so the whole section is that. Null: one module serves both.
   */
  readonly relaxed: readonly [number, number] | null;
}

/** A program for WebGPU: WGSL texts, buffers and schedule as JSON. */
export interface WebGpuSection {
  readonly section: string;
}

/** The function compiled for one choice of its sizes. */
export interface ArtifactProgram {
  /** `{}` where no size is chosen at the call. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Types of the arguments' leaves, then of the results' leaves. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Tensors of the weights file that are the inputs after the arguments' leaves. */
  readonly weights: readonly string[];
  /** Output i takes over the memory of the donated input aliases[i]. */
  readonly aliases: readonly (number | null)[];
  readonly tempBytes: number;
  readonly constantBytes: number;
  readonly constants: readonly ArtifactConstant[];
  readonly wasm: WasmSection | null;
  readonly webgpu: WebGpuSection | null;
}

export interface ArtifactSection {
  /** A file name. */
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
}

export interface Manifest {
  readonly format: "weft";
  readonly version: number;
  /** Version of Weft that compiled it. */
  readonly compiler: string;
  readonly name: string;
  readonly parameters: readonly ArtifactParameter[];
  readonly results: TreeSpec;
  /** Whether arguments of a size in between are filled up with zeros to the next larger one, and results cut back. */
  readonly pad: boolean;
  /** The section with captured arrays and constants, in the safetensors format; null if there are none. */
  readonly weights: string | null;
  /** The section with the container of the function's vector-Jacobian product; null if it was not asked for. */
  readonly vjp: string | null;
  /** In ascending order of sizes. */
  readonly programs: readonly ArtifactProgram[];
  readonly sections: readonly ArtifactSection[];
}

/** A compiled function in parts. */
export interface Artifact {
  readonly manifest: Manifest;
  /** The bytes of `manifest.sections`, by name. */
  readonly sections: ReadonlyMap<string, Uint8Array>;
}

/** A leaf's type: extents are numbers, or names of sizes. */
export interface LeafType {
  /** As the text has it: `f32`, `bool`. */
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
  readonly weak: boolean;
}

/** `f32[b,784]*` in parts, or null where it is no type. An extent `?` differs between programs, but is none of the sizes. */
export function parseLeaf(text: string): LeafType | null {
  const found = /^(bool|f16|f32|f64|[iu](?:8|16|32))\[([\w,?]*)\](\*?)$/.exec(text);
  if (found === null) return null;
  const [, dtype, extents, weak] = found;
  const shape: (number | string)[] = [];
  for (const extent of extents === "" ? [] : extents.split(",")) {
    if (!/^(?:\d{1,15}|[A-Za-z_]\w*|\?)$/.test(extent)) return null;
    shape.push(/^\d/.test(extent) ? Number(extent) : extent);
  }
  return { dtype, shape, weak: weak === "*" };
}

/** The leaves of a tree in order, with where each is: `.layers[0].w`. */
export function leavesOf(tree: TreeSpec, path = ""): { readonly path: string; readonly type: string }[] {
  if (typeof tree === "string") return [{ path, type: tree }];
  return childrenOf(tree).flatMap(([key, child]) => leavesOf(child, path + key));
}

/** The children of a node in the order of its leaves, each with its part of the path and its key. */
export function childrenOf(tree: TreeSpec): [path: string, child: TreeSpec, key: string | number][] {
  if (tree === null || typeof tree === "string") return [];
  if (isList(tree)) return tree.map((child, i) => [`[${i}]`, child, i]);
  // Sorted here, as engines put keys that are whole numbers first.
  return Object.keys(tree)
    .sort()
    .map((key) => [keyText(key), tree[key], key]);
}

/** Whether a node is a list. */
export function isList(tree: TreeSpec): tree is readonly TreeSpec[] {
  return Array.isArray(tree);
}

/** How a key stands in a path: `.w`, `["first layer"]`. */
function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
