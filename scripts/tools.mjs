// Runs the development tools: biome and the type checker.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./paths.mjs";

const programs = {
  biome: "node_modules/@biomejs/biome/bin/biome",
  tsc: "node_modules/typescript/bin/tsc",
};

/**
 * @param {keyof typeof programs} name
 * @param {string[]} args
 * @returns {number} the exit code
 */
export function runTool(name, args) {
  const program = path.join(root, programs[name]);
  return spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: "inherit" }).status ?? 1;
}

/** @param {{ fix?: boolean, paths?: string[] }} [options] @returns {number} the exit code */
export function lint({ fix = false, paths = [] } = {}) {
  return runTool("biome", ["check", "--error-on-warnings", ...(fix ? ["--write"] : []), ...paths]);
}

/** @returns {number} the exit code */
export function typecheck() {
  return runTool("tsc", ["-p", "."]) || runTool("tsc", ["-p", "scripts"]);
}
