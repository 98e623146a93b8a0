/** The declaration file of a compiled function: the user's parameter names and structures as types. */
import {
  childrenOf,
  isList,
  leavesOf,
  type Manifest,
  parseLeaf,
  type TreeSpec,
} from "../../compiler/program/artifact.ts";
import { dtypeFromShort } from "../../compiler/types/dtype.ts";
import { typedArrayOf } from "../../runtime/typed-array.ts";

import type { ExportTarget } from "./build.ts";
import { type NamedArtifact, targetOf } from "./module-text.ts";

/** How the declarations say what a leaf is: `ArrayInput`, `ArrayResult` or `Tensor` of a typed array. */
type LeafKind = "ArrayInput" | "ArrayResult" | "Tensor" | "GpuArrayInput" | "GpuTensor";

export interface DeclarationOptions {
  /** What the loader's types are imported from; null puts `loader`, the text of its declarations, into the file. */
  readonly loaderFile: string | null;
  readonly loaderTypes: string;
  /** Whether the module has its files in it, and so `loadSync` too. */
  readonly inlined: boolean;
}

/** The declaration file of a module that `moduleText` writes. */
export function declarationText(manifest: Manifest, options: DeclarationOptions): string {
  const { name } = manifest;
  const target = targetOf(manifest);
  const type = functionType(name);
  const gpuType = gpuFunctionType(name);
  const names = [
    "ArrayInput",
    "ArrayResult",
    ...(target === "webgpu" ? [] : ["Compiled"]),
    ...(target === "wasm" ? [] : ["GpuArrayInput", "GpuCompiled", "GpuLoadOptions", "GpuTensor"]),
    ...(target === "webgpu" ? [] : ["LoadOptions", "Tensor"]),
  ];
  const head =
    options.loaderFile === null
      ? options.loaderTypes
      : `import type { ${names.join(", ")} } from "${options.loaderFile}";\n`;
  const load: Readonly<Record<ExportTarget, string>> = {
    wasm: `export declare function load(options?: LoadOptions): Promise<${type}>;`,
    webgpu: `export declare function load(options?: GpuLoadOptions): Promise<${gpuType}>;`,
    both: `export declare function load(options?: LoadOptions & { readonly device?: "wasm" }): Promise<${type}>;
export declare function load(options: GpuLoadOptions & { readonly device: "webgpu" }): Promise<${gpuType}>;
export declare function load(
  options: (LoadOptions | GpuLoadOptions) & { readonly device: "wasm" | "webgpu" },
): Promise<${type} | ${gpuType}>;`,
  };
  const sync =
    options.inlined && target !== "webgpu"
      ? `\n/** Loads it at once. Browsers refuse this on their main thread for modules of several megabytes. */\nexport declare function loadSync(options?: Pick<LoadOptions, "variant">): ${type};\n`
      : "";
  return `${head}
${interfaceText(manifest)}
/** Loads ${name}. It can be called as often as you like. */
${load[target]}
${sync}
export default load;
`;
}

/** The declaration file of a module that `lazyModuleText` writes. */
export function lazyDeclarationText(functions: readonly NamedArtifact[], loaderTypes: string): string {
  const texts = functions.map(({ exported, artifact: { manifest } }, i) => {
    const type = functionType(manifest.name);
    const gpuType = gpuFunctionType(manifest.name);
    const lazy: Readonly<Record<ExportTarget, string>> = {
      wasm: `${type} & { load(options?: LoadOptions): Promise<${type}> }`,
      webgpu: `${gpuType} & { load(options?: GpuLoadOptions): Promise<${gpuType}> }`,
      both: `${type} & {
  load(options?: LoadOptions & { readonly device?: "wasm" }): Promise<${type}>;
  load(options: GpuLoadOptions & { readonly device: "webgpu" }): Promise<${gpuType}>;
}`,
    };
    return `${interfaceText(manifest)}
/** Loaded at its first call, or by load(), which does not hold up the page. */
declare const f${i}: ${lazy[targetOf(manifest)]};
export { f${i} as ${exported} };
`;
  });
  return `${loaderTypes}\n${texts.join("\n")}`;
}

/** The interfaces of the function alone, for each target. */
function interfaceText(manifest: Manifest): string {
  const target = targetOf(manifest);
  const { name, compiler, results } = manifest;
  const wasm = `/**
 * ${name}, compiled by Weft ${compiler}.
${documentation(manifest)} */
export interface ${functionType(name)} extends Compiled {
  (${parameterList(manifest, "ArrayInput")}): ${treeType(results, "ArrayResult", "  ")};
  /** The same with the results left in WebAssembly memory, to be passed on without a copy. */
  onDevice(${parameterList(manifest, "ArrayInput")}): ${treeType(results, "Tensor", "  ")};
}
`;
  const webgpu = `/**
 * ${name}, compiled by Weft ${compiler}, on a GPU.
${documentation(manifest)} */
export interface ${gpuFunctionType(name)} extends GpuCompiled {
  (${parameterList(manifest, "GpuArrayInput")}): Promise<${treeType(results, "ArrayResult", "  ")}>;
  /** The same with the results left on the GPU, to be passed on without a copy. */
  onDevice(${parameterList(manifest, "GpuArrayInput")}): Promise<${treeType(results, "GpuTensor", "  ")}>;
}
`;
  if (target === "both") return `${wasm}\n${webgpu}`;
  return target === "wasm" ? wasm : webgpu;
}

/** `trainStep` → `TrainStepGpuFunction`. */
function gpuFunctionType(name: string): string {
  return functionType(name).replace(/Function$/, "GpuFunction");
}

/** `trainStep` → `TrainStepFunction`. */
function functionType(name: string): string {
  const words = name.split("_").filter((word) => word !== "");
  return `${words.map((word) => word[0].toUpperCase() + word.slice(1)).join("")}Function`;
}

function documentation({ parameters, results, programs, pad }: Manifest): string {
  const lines = parameters.flatMap(({ name, tree, donated }) =>
    leavesOf(tree).map(
      ({ path, type }) =>
        `@param ${name} ${path === "" ? "" : `${name}${path}: `}${type}${donated ? ", may be overwritten where it is a Tensor" : ""}`,
    ),
  );
  lines.push(
    ...leavesOf(results).map(
      ({ path, type }) => `@returns ${path === "" ? "" : `${path.replace(/^\./, "")}: `}${type}`,
    ),
  );
  const sizes = programs.map((each) =>
    Object.entries(each.sizes)
      .map(([size, n]) => `${size} = ${n}`)
      .join(", "),
  );
  if (sizes[0] !== "")
    lines.unshift(`Compiled for ${sizes.join("; ")}${pad ? "; sizes in between are filled up" : ""}.`);
  return lines.map((line) => ` * ${line.replaceAll("*/", "*\\/")}\n`).join("");
}

function parameterList({ parameters }: Manifest, kind: "ArrayInput" | "GpuArrayInput"): string {
  return parameters.map(({ name, tree }) => `${name}: ${treeType(tree, kind, "  ")}`).join(", ");
}

function treeType(tree: TreeSpec, kind: LeafKind, indent: string): string {
  if (tree === null) return kind === "ArrayInput" || kind === "GpuArrayInput" ? "null | undefined" : "null";
  if (typeof tree === "string") return `${kind}<${arrayType(tree)}>`;
  const inner = `${indent}  `;
  if (isList(tree)) return `readonly [${tree.map((child) => treeType(child, kind, indent)).join(", ")}]`;
  const fields = childrenOf(tree).map(([, child, key]) => {
    const comment = typeof child === "string" ? `${inner}/** ${child} */\n` : "";
    return `${comment}${inner}readonly ${propertyName(String(key))}: ${treeType(child, kind, inner)};\n`;
  });
  return fields.length === 0 ? "Record<string, never>" : `{\n${fields.join("")}${indent}}`;
}

function propertyName(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

/** `f32[2]` → `Float32Array`. */
function arrayType(leaf: string): string {
  const dtype = dtypeFromShort(parseLeaf(leaf)?.dtype ?? "") ?? "float32";
  return typedArrayOf(dtype, new ArrayBuffer(0)).constructor.name;
}
