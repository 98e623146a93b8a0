/** The imports between source files, as a graph. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.ts";

export interface Import {
  /** As it is written: `./graph.ts`, `weft/numpy`, `node:fs`. */
  readonly specifier: string;
  /** `type` is erased; `static` runs when the file is loaded; `dynamic` is `import("…")`. */
  readonly kind: "type" | "static" | "dynamic";
}

/** Imports by file. Files are named from the root, with `/`. */
export type Modules = ReadonlyMap<string, readonly Import[]>;

// Biome's formatter puts every import and re-export at the beginning of a line and ends it with a semicolon, so that
// no parser is needed to find them.
const staticImport = /^(import|export)\s+(type\s)?(?:[^"'`;]*?\bfrom\s+)?"([^"]+)"[^;]*;/gm;
const dynamicImport = /^(?!\s*(?:\*|\/\/|\/\*)).*?\bimport\(\s*"([^"]+)"/gm;

/** The imports of one source text. `import("x").T` in a type counts as dynamic. */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  for (const [, , type, specifier] of source.matchAll(staticImport)) {
    found.push({ specifier: specifier!, kind: type === undefined ? "static" : "type" });
  }
  for (const [, specifier] of source.matchAll(dynamicImport)) {
    found.push({ specifier: specifier!, kind: "dynamic" });
  }
  return found;
}

/** Reads all TypeScript below the folders. */
export function readModules(folders: readonly string[]): Modules {
  const modules = new Map<string, Import[]>();
  for (const folder of folders) {
    for (const entry of readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).sort()) {
      const file = `${folder}/${entry.split(path.sep).join("/")}`;
      if (!/\.[mc]?tsx?$/.test(file) || /\/(node_modules|out|\.build)\//.test(file)) continue;
      modules.set(file, importsOf(readFileSync(path.join(root, file), "utf8")));
    }
  }
  return modules;
}

/** The file that a relative import means, named from the root; `undefined` for a package. */
export function targetOf(file: string, { specifier }: Import): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return path.posix.join(path.posix.dirname(file), specifier);
}

/**
 * Circles of imports, each as the files on a shortest way round, beginning and ending with the same file. One circle
 * is given for every group of files that reach each other.
 */
export function findCycles(modules: Modules): string[][] {
  return stronglyConnected(modules)
    .filter((group) => group.length > 1 || targetsOf(modules, group[0]!).includes(group[0]!))
    .map((group) => shortestCycle(modules, new Set(group)))
    .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}

function targetsOf(modules: Modules, file: string): string[] {
  const targets = (modules.get(file) ?? []).map((each) => targetOf(file, each));
  return targets.filter((target): target is string => target !== undefined && modules.has(target));
}

/** Tarjan's algorithm. */
function stronglyConnected(modules: Modules): string[][] {
  const groups: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();

  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    onStack.add(file);
    for (const target of targetsOf(modules, file)) {
      if (!index.has(target)) visit(target);
      if (onStack.has(target)) low.set(file, Math.min(low.get(file)!, low.get(target)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    for (const member of group) onStack.delete(member);
    groups.push(group);
  };

  for (const file of modules.keys()) if (!index.has(file)) visit(file);
  return groups;
}

function shortestCycle(modules: Modules, group: ReadonlySet<string>): string[] {
  let best: string[] | undefined;
  for (const start of [...group].sort()) {
    const cycle = wayBack(modules, group, start);
    if (best === undefined || cycle.length < best.length) best = cycle;
  }
  return best!;
}

/** Breadth-first search from `start` to itself inside its group. */
function wayBack(modules: Modules, group: ReadonlySet<string>, start: string): string[] {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const file of queue) {
    for (const target of targetsOf(modules, file)) {
      if (!group.has(target)) continue;
      if (target === start) return trace(cameFrom, start, file);
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, file);
      queue.push(target);
    }
  }
  throw new Error(`${start} is on no circle`);
}

function trace(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const way = [start];
  for (let file = end; file !== start; file = cameFrom.get(file)!) way.unshift(file);
  return [start, ...way];
}
