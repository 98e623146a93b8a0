/** `weft diff`: what differs between two dumps. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { KernelRecord, Manifest, ModuleRecord, PassEntry } from "../inspect/manifest.ts";
import { EXIT, InputError } from "./errors.ts";
import { print } from "./output.ts";
import { diffCounts, unifiedDiff } from "./text-diff.ts";

/** Options of `diff` and `diffDumps`. */
export interface DiffOptions {
  /** Separated by commas. */
  readonly pass?: string;
  readonly kernel?: string;
  readonly brief?: boolean;
  readonly json?: boolean;
}

/** A pass or kernel that differs. */
interface Change {
  readonly kind: "pass" | "kernel" | "module";
  readonly name: string;
  readonly what: "added" | "removed" | "changed";
  /** A unified diff of the texts; empty where there are none to compare. */
  readonly diff: string;
}

interface ModuleChanges {
  readonly name: string;
  readonly what: "added" | "removed" | "changed";
  readonly changes: readonly Change[];
}

export async function diffDumps(before: string, after: string, options: DiffOptions): Promise<void> {
  const modules = compareManifests(readDump(before), readDump(after), options);
  const { json, brief } = options;
  await print(
    json === true
      ? `${JSON.stringify({ before, after, modules }, null, 2)}\n`
      : textOf(modules, brief === true),
  );
  if (modules.length > 0) process.exitCode = EXIT.input;
}

/** A dump's manifest and the texts of its files. */
interface DumpFolder {
  readonly manifest: Manifest;
  text(file: string | null): string;
}

function readDump(folder: string): DumpFolder {
  const file = path.join(folder, "manifest.json");
  if (!existsSync(file)) {
    throw new InputError(
      `${folder} holds no dump: there is no ${file}. weft run FILE --dump ${folder} writes one`,
    );
  }
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new InputError(`${file} is not a manifest of a dump`);
  }
  return {
    manifest,
    text: (name) => {
      const place = name === null ? null : path.join(folder, name);
      return place !== null && existsSync(place) && !place.endsWith(".wasm")
        ? readFileSync(place, "utf8")
        : "";
    },
  };
}

function compareManifests(a: DumpFolder, b: DumpFolder, options: DiffOptions): ModuleChanges[] {
  const pairs = paired(
    a.manifest.modules,
    b.manifest.modules,
    (m) => `${m.name} ${m.inputs.join()} ${m.outputs.join()}`,
  );
  return pairs.flatMap(([before, after]): ModuleChanges[] => {
    if (before === null) return [{ name: after?.name ?? "", what: "added", changes: [] }];
    if (after === null) return [{ name: before.name, what: "removed", changes: [] }];
    const changes = compareModules(before, after, a, b, options);
    return changes.length === 0 ? [] : [{ name: before.name, what: "changed", changes }];
  });
}

function compareModules(
  before: ModuleRecord,
  after: ModuleRecord,
  a: DumpFolder,
  b: DumpFolder,
  { pass, kernel }: DiffOptions,
): Change[] {
  const changes: Change[] = [];
  if (before.status !== after.status) {
    const diff = `${before.status} → ${after.status}`;
    changes.push({ kind: "module", name: before.name, what: "changed", diff });
  }
  const wanted = pass?.split(",").map((name) => name.trim());
  if (kernel === undefined) {
    for (const [x, y] of paired(before.passes, after.passes, (p) => p.name)) {
      const name = (x ?? y)?.name ?? "";
      if (wanted !== undefined && !wanted.includes(name)) continue;
      const change = comparePasses(x, y, a, b);
      if (change !== null) changes.push(change);
    }
  }
  if (wanted !== undefined) return changes;
  // Kernels are numbered, so that one more shifts the numbers of those after it.
  for (const [x, y] of paired(before.kernels, after.kernels, (k) => k.name.replace(/^k\d+_/, ""))) {
    if (kernel !== undefined && ![x, y].some((each) => each !== null && isKernel(each, kernel))) continue;
    const change = compareKernels(x, y, a, b);
    if (change !== null) changes.push(change);
  }
  return changes;
}

function isKernel({ name }: KernelRecord, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}_`) || name.includes(wanted);
}

function comparePasses(
  x: PassEntry | null,
  y: PassEntry | null,
  a: DumpFolder,
  b: DumpFolder,
): Change | null {
  if (x === null || y === null) {
    const [entry, what] = x === null ? [y, "added" as const] : [x, "removed" as const];
    return entry === null ? null : { kind: "pass", name: entry.name, what, diff: "" };
  }
  const { name } = x;
  const diff = unifiedDiff(a.text(x.file), b.text(y.file), x.file ?? "nothing", y.file ?? "nothing");
  if (diff !== "") return { kind: "pass", name, what: "changed", diff };
  if (x.changed === y.changed) return null;
  return { kind: "pass", name, what: "changed", diff: `${changedText(x)} → ${changedText(y)}` };
}

function changedText({ changed }: PassEntry): string {
  return changed ? "changed the graph" : "changed nothing";
}

function compareKernels(
  x: KernelRecord | null,
  y: KernelRecord | null,
  a: DumpFolder,
  b: DumpFolder,
): Change | null {
  if (x === null) return y && { kind: "kernel", name: y.name, what: "added", diff: "" };
  if (y === null) return { kind: "kernel", name: x.name, what: "removed", diff: "" };
  const ir = unifiedDiff(a.text(x.file), b.text(y.file), x.file, y.file);
  const wat = unifiedDiff(a.text(x.wat), b.text(y.wat), x.wat ?? "", y.wat ?? "");
  const diff = ir !== "" ? ir : wat;
  return diff === "" ? null : { kind: "kernel", name: x.name, what: "changed", diff };
}

/** Entries of one key belong together in their order; the rest stands alone. In the order of the first list. */
function paired<T>(a: readonly T[], b: readonly T[], keyOf: (item: T) => string): [T | null, T | null][] {
  const waiting = new Map<string, T[]>();
  for (const item of b) {
    const list = waiting.get(keyOf(item));
    if (list === undefined) waiting.set(keyOf(item), [item]);
    else list.push(item);
  }
  const pairs = a.map((item): [T | null, T | null] => [item, waiting.get(keyOf(item))?.shift() ?? null]);
  const left = new Set([...waiting.values()].flat());
  return [...pairs, ...b.filter((item) => left.has(item)).map((item): [null, T] => [null, item])];
}

function textOf(modules: readonly ModuleChanges[], brief: boolean): string {
  if (modules.length === 0) return "no difference\n";
  const lines: string[] = [];
  for (const { name, what, changes } of modules) {
    lines.push(`function ${name}: ${what}`);
    for (const change of changes) {
      const { added, removed } = diffCounts(change.diff);
      const counts = added + removed > 0 ? `, +${added} -${removed} lines` : "";
      lines.push(`  ${change.kind} ${change.name}: ${change.what}${counts}`);
      if (brief || change.diff === "") continue;
      lines.push(
        ...change.diff
          .trimEnd()
          .split("\n")
          .map((line) => `    ${line}`.trimEnd()),
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
