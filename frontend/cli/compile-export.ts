/** From an exported function to an artifact. */
import type { Artifact } from "../../compiler/program/artifact.ts";
import type { ExportTarget } from "../aot/build.ts";
import { exportTraced } from "../aot/export-function.ts";
import type { Sizes } from "../aot/sizes.ts";
import { NdArray } from "../core/array.ts";
import type { IrDump } from "../inspect/ir-dump.ts";
import { allObservers } from "../inspect/recording.ts";
import { flattenWithPath } from "../tree/tree.ts";
import type { UserModule } from "./bundle.ts";
import type { ChosenExport } from "./exports.ts";
import { jitExport } from "./lower-export.ts";
import { compileProgress } from "./progress.ts";

export interface CompileSettings {
  readonly sizes: Sizes;
  readonly pad: boolean;
  readonly target: ExportTarget;
}

/** Compiles an export of a module for these arguments. */
export function compileExport(
  module: UserModule,
  chosen: ChosenExport,
  args: readonly unknown[],
  { sizes, pad, target }: CompileSettings,
  dump: IrDump | null = null,
): Artifact {
  const { jitted, passed, parameterNames } = jitExport(chosen, args);
  const { artifact } = exportTraced(
    (at) => Reflect.apply(jitted.trace, undefined, at),
    passed,
    parameterNames,
    {
      sizes,
      pad,
      target,
      name: chosen.name,
      nameOf: exportedNames(module),
      observe: ({ graph, entry }) =>
        allObservers(dump?.observe(graph, entry.donated), compileProgress(`compiling ${chosen.name}`)),
    },
  );
  return artifact;
}

/** What the file's exports call the arrays in them: `params.layers.0.w`. */
function exportedNames({ exports }: UserModule): (array: NdArray) => string | null {
  const names = new Map<NdArray, string>();
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value === "function" || value === null || value === undefined) continue;
    for (const { path: keys, leaf } of flattenWithPath(value).leaves) {
      const parts = keys.map((key) => (key.kind === "index" ? String(key.index) : key.name));
      if (leaf instanceof NdArray && !names.has(leaf)) names.set(leaf, [name, ...parts].join("."));
    }
  }
  return (array) => names.get(array) ?? null;
}
