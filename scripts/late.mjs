// Leaves out of the core of pages what `late-parts.mjs` lists.

import path from "node:path";
import { bundleOptions } from "./bundle-options.mjs";
import { lateFamilies, lateModules, lateValues, partFiles } from "./late-parts.mjs";
import { dist, root } from "./paths.mjs";

/** Puts something in the place of what pages load from files of their own, and has those files put it right. */
export const late = /** @satisfies {import("esbuild").Plugin} */ ({
  name: "late",
  setup(build) {
    const all = [...lateFamilies, ...lateValues];
    const exported = exportsOf(lateModules.map(({ file }) => file));
    build.onResolve({ filter: /^(\.|late:)/ }, ({ path: asked, importer }) => {
      if (asked.startsWith("late:")) return { path: asked.slice("late:".length), namespace: "late" };
      const from = fromRoot(importer);
      const found = all.find((each) => each.importer === from && each.path === asked);
      if (found) return { path: found.exported, namespace: "late" };
      if (Object.values(partFiles).some((file) => file === from)) return undefined;
      const file = fromRoot(path.resolve(path.dirname(importer), asked));
      return lateModules.some((each) => each.file === file) ? { path: file, namespace: "late" } : undefined;
    });
    build.onLoad({ filter: /./, namespace: "late" }, async ({ path: name }) => {
      const family = lateFamilies.find((each) => each.exported === name);
      const value = lateValues.find((each) => each.exported === name);
      const functions = lateModules.find((each) => each.file === name);
      const contents = family
        ? placeOfFamily(family)
        : functions
          ? placeOfFunctions(functions, await exported)
          : `export let ${name} = ${value?.until};
             export function putReal(real) { ${value?.filled ? `Object.assign(${name}, real)` : `${name} = real`}; }`;
      return { contents, loader: "js", resolveDir: root };
    });
  },
});

/** @param {string} file @returns {string} relative to the root, with slashes */
function fromRoot(file) {
  return path.relative(root, file).split(path.sep).join("/");
}

/** @param {string} file relative to the root @returns {string} as a module names it in an import */
function inQuotes(file) {
  return JSON.stringify(path.join(root, file));
}

/** @param {(typeof lateFamilies)[number]} family */
function placeOfFamily({ part, exported, names, single = false }) {
  const declarations = single
    ? `latePrimitive(${JSON.stringify(part)}, ${JSON.stringify(names[0])})`
    : `latePrimitives(${JSON.stringify(part)}, ${JSON.stringify(names)})`;
  return `import { latePrimitive, latePrimitives } from ${inQuotes("compiler/primitives/late.ts")};
    export const ${exported} = ${declarations};`;
}

/** @param {import("./late-parts.mjs").LateModule} module @param {Map<string, string[]>} exported */
function placeOfFunctions({ part, file, kept = {} }, exported) {
  const already = Object.values(kept).flat();
  const names = exported.get(file)?.filter((name) => !already.includes(name)) ?? [];
  const others = Object.entries(kept).map(
    ([from, all]) => `export { ${all.join(", ")} } from ${inQuotes(from)};`,
  );
  return `import { LateModule } from ${inQuotes("frontend/core/late.ts")};
    ${others.join("\n")}
    const module = /* @__PURE__ */ new LateModule(${JSON.stringify(part)});
    export const putReal = (real) => module.put(real);
    const [${names.map((_, i) => `f${i}`).join(",")}] = /* @__PURE__ */ module.functionsOf(${JSON.stringify(names.join(" "))});
    export { ${names.map((name, i) => `f${i} as ${name}`).join(", ")} };`;
}

/** @param {string[]} files @returns {Promise<Map<string, string[]>>} the names that each exports */
async function exportsOf(files) {
  const esbuild = await import("esbuild");
  const { metafile } = await esbuild.build({
    ...bundleOptions,
    entryPoints: files,
    outdir: dist,
    write: false,
    metafile: true,
    sourcemap: false,
  });
  return new Map(Object.values(metafile.outputs).map((output) => [output.entryPoint ?? "", output.exports]));
}

/** @param {string} file of a part @returns {string} puts right what stands in the core for it */
export function putRight(file) {
  const values = lateValues.map(({ part, exported, file: real }) => ({
    ...{
      part,
      from: exported,
      real: `{ ${exported} as real_${exported} }`,
      value: `real_${exported}`,
      file: real,
    },
  }));
  const modules = lateModules.map(({ part, file: real }, i) => ({
    ...{ part, from: real, real: `* as module_${i}`, value: `module_${i}`, file: real },
  }));
  return [...values, ...modules]
    .filter(({ part }) => partFiles[part] === file)
    .map(
      ({ from, real, value, file: place }) =>
        `import ${real} from ${inQuotes(place)};\nimport { putReal as put_${value} } from "late:${from}";\nput_${value}(${value});\n`,
    )
    .join("");
}
