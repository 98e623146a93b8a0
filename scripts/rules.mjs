// Leaves rules of primitives out of bundles that have no use for them: a primitive is declared once with every rule, also
// with those that only tests and the reference interpreter ask for.

import { readFile } from "node:fs/promises";
import { parse } from "acorn";
import * as esbuild from "esbuild";

/** What generated tests need to know of a primitive. */
export const withoutTests = leaveOut(() => ["test", "cases"]);

/** For pages, which have no interpreter: of reference meanings those of elements stay, as constants are folded by them. */
export const withoutReferences = leaveOut((file) =>
  /[\\/](elementwise|special)[\\/]/.test(file) ? ["test", "cases"] : ["test", "cases", "evaluate"],
);

/**
 * @param {(file: string) => readonly string[]} rulesOf the properties to leave out of a file's object literals
 * @returns {import("esbuild").Plugin}
 */
function leaveOut(rulesOf) {
  return {
    name: "leave-out-rules",
    setup(build) {
      build.onLoad({ filter: /[\\/]compiler[\\/]primitives[\\/].*\.ts$/ }, async ({ path: file }) => {
        const { code } = await esbuild.transform(await readFile(file, "utf8"), {
          loader: "ts",
          target: "es2022",
          sourcemap: "inline",
          sourcesContent: true,
          sourcefile: file,
        });
        return { contents: without(code, rulesOf(file)), loader: "js" };
      });
    },
  };
}

/**
 * The module without these properties, and with its own constants marked as free of effects, so that what only those
 * properties used goes with them. Everything else keeps its line, and but for the marks its column.
 *
 * @param {string} code JavaScript
 * @param {readonly string[]} names
 * @returns {string}
 */
export function without(code, names) {
  /** @type {{ at: number, end: number, text: string }[]} */
  const edits = [];
  /** @param {Node} node @param {boolean} atTop not within a function */
  const visit = (node, atTop) => {
    if (node.type === "ObjectExpression") {
      const all = /** @type {Node[]} */ (node.properties);
      for (const [i, property] of all.entries()) {
        const { key, computed } = /** @type {{ key?: { name?: string }, computed?: boolean }} */ (property);
        if (computed === false && names.includes(key?.name ?? "")) {
          const end = all[i + 1]?.start ?? property.end;
          edits.push({
            at: property.start,
            end,
            text: code.slice(property.start, end).replace(/[^\n]/g, " "),
          });
        } else {
          visit(property, atTop);
        }
      }
      return;
    }
    const inside = atTop && !/Function|MethodDefinition|PropertyDefinition|StaticBlock/.test(node.type);
    if (inside && (node.type === "CallExpression" || node.type === "NewExpression")) {
      edits.push({ at: node.start, end: node.start, text: "/* @__PURE__ */ " });
    }
    // A spread might have effects too, by a getter or an iterator.
    if (inside && node.type === "VariableDeclarator" && isNode(node.init) && hasSpread(node.init)) {
      edits.push({ at: node.init.start, end: node.init.start, text: "/* @__PURE__ */ (() => (" });
      edits.push({ at: node.init.end, end: node.init.end, text: "))()" });
    }
    for (const child of childrenOf(node)) visit(child, inside);
  };
  visit(
    /** @type {Node} */ (
      /** @type {unknown} */ (parse(code, { ecmaVersion: "latest", sourceType: "module" }))
    ),
    true,
  );
  edits.sort((a, b) => b.at - a.at);
  return edits.reduce((text, { at, end, text: by }) => text.slice(0, at) + by + text.slice(end), code);
}

/** @param {Node} node @returns {boolean} whether a spread is evaluated with it */
function hasSpread(node) {
  if (/Function/.test(node.type)) return false;
  return node.type === "SpreadElement" || childrenOf(node).some(hasSpread);
}

/** @param {Node} node @returns {Node[]} */
function childrenOf(node) {
  return Object.values(node).flat().filter(isNode);
}

/** @typedef {{ type: string, start: number, end: number, [key: string]: unknown }} Node */

/** @param {unknown} x @returns {x is Node} */
function isNode(x) {
  return typeof x === "object" && x !== null && "type" in x && typeof x.type === "string";
}
