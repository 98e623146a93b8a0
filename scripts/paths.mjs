// Where things are in a clone.

import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What `npm run build` makes and the package ships. */
export const dist = path.join(root, "dist");

/** Scratch space of the scripts: bundled tests, locks, stamps. Ignored by git, safe to delete. */
export const scratch = path.join(root, ".build");

/** @param {string} file an absolute path @returns {string} the path as a person reads it, from the root */
export function shown(file) {
  return path.relative(root, file).split(path.sep).join("/");
}
