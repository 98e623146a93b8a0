/** Imports run only downwards: docs/architecture.md says why. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import {
  findCycles,
  type Import,
  importsOf,
  type Modules,
  readModules,
  targetOf,
} from "./helpers/imports.ts";
import { root } from "./helpers/paths.ts";

/** What each top folder may import from by path, itself included. */
const layers: Readonly<Record<string, readonly string[]>> = {
  compiler: ["compiler/"],
  // A function compiled ahead of time ships with the runtime and none of the compiler.
  runtime: ["runtime/", "compiler/program/", "compiler/types/"],
  frontend: ["frontend/", "runtime/", "compiler/"],
  samples: ["samples/"],
};

/**
 * The folders of compiler/ from the lowest up. A file imports from its own folder and from lower lines; folders of one
 * line know nothing of each other. Files directly in compiler/, such as the pipeline, stand above all.
 */
const compilerLayers: readonly (readonly string[])[] = [
  ["types"],
  ["kernel"],
  // What crosses to the runtime: made of kernels, and ignorant of graphs.
  ["program"],
  // Functions of numbers written in kernel operations: primitives lower to them.
  ["math"],
  // Kernels and programs to bytes and text: what emits code need not know what a graph is.
  // What a kernel or a program costs is told by themselves; an artifact is made of a program and its bytes.
  ["targets", "analysis", "artifact"],
  ["graph"],
  ["hash", "primitives"],
  ["text", "interpret", "transforms"],
  ["verify", "passes"],
  ["fusion"],
  ["lowering"],
  // Groups and their kernels to a program: buffers, schedule, memory.
  ["assembly"],
];

/** The part of the frontend that is a program for Node and may use packages. */
const commandLine = "frontend/cli/";
/** The inspector's page is a program of the browser, bundled with its packages when Weft is built. */
const inspectorPage = "frontend/inspect/page/";

const modules = readModules(Object.keys(layers));

describe("layering", () => {
  test("imports between the top folders run downwards", () => report(topViolations(modules)));
  test("imports inside the compiler run downwards", () => report(compilerViolations(modules)));
  test("no file imports itself by a detour", () => report(cycleViolations(modules)));
  test("samples use the public API alone; everything below the CLI needs no package", () =>
    report(packageViolations(modules, optionalPackages())));
  // `npm start` builds without the development packages.
  test("what the build bundles is a package of scripts/package.json, or one that users have", () => {
    const { devDependencies } = packageFile();
    const missing = [...modules].flatMap(([file, imports]) =>
      imports
        .filter(({ specifier, kind }) => kind !== "type" && !/^(\.|node:)/.test(specifier))
        .map(({ specifier }) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/"))
        .filter(
          (name) => !file.startsWith("samples/") && name in devDependencies && !optionalPackages().has(name),
        )
        .map((name) => `${file} imports ${name}, a development package`),
    );
    report(missing);
  });
});

describe("layering, the test itself", () => {
  const fixture = (files: Record<string, string>): Modules =>
    new Map(Object.entries(files).map(([file, source]) => [file, importsOf(source)]));

  test("imports are found in all their forms", () => {
    const source = [
      'import "./a.ts";',
      'import type { B } from "./b.ts";',
      'import {\n  type C,\n  c,\n} from "./c.ts";',
      'export * from "./d.ts";',
      'export type { E } from "./e.ts";',
      'const f = await import("./f.ts");',
      ' * import("./comment.ts")',
      '// import "./comment.ts";',
      'export const text = "./text.ts";',
    ].join("\n");
    const found = importsOf(source).map(({ specifier, kind }) => `${kind} ${specifier}`);
    assert.deepEqual(found, [
      "static ./a.ts",
      "type ./b.ts",
      "static ./c.ts",
      "static ./d.ts",
      "type ./e.ts",
      "dynamic ./f.ts",
    ]);
  });

  test("an import upwards is reported", () => {
    const wrong = fixture({
      "compiler/a.ts": 'import { run } from "../runtime/a.ts";',
      "runtime/a.ts": 'import type { Graph } from "../compiler/graph/graph.ts";',
      "runtime/b.ts": 'import type { Program } from "../compiler/program/program.ts";',
      "samples/a/main.ts": 'import { jit } from "../../frontend/index.ts";',
    });
    assert.deepEqual(topViolations(wrong), [
      "compiler/a.ts imports runtime/a.ts",
      "runtime/a.ts imports compiler/graph/graph.ts",
      "samples/a/main.ts imports frontend/index.ts",
    ]);
  });

  test("an import upwards inside the compiler is reported", () => {
    const wrong = fixture({
      "compiler/kernel/a.ts": 'import type { Graph } from "../graph/graph.ts";',
      "compiler/text/a.ts": 'import { jvp } from "../transforms/jvp.ts";',
      "compiler/graph/a.ts": 'import type { Kernel } from "../kernel/a.ts";',
      "compiler/passes/a.ts": 'import { pipeline } from "../pipeline.ts";',
      "compiler/new/a.ts": 'import type { DType } from "../types/dtype.ts";',
      "compiler/pipeline.ts": 'import { cse } from "./passes/cse.ts";',
    });
    assert.deepEqual(compilerViolations(wrong), [
      "compiler/kernel/a.ts imports compiler/graph/graph.ts, but kernel is below graph",
      "compiler/text/a.ts imports compiler/transforms/jvp.ts, but text is beside transforms",
      "compiler/passes/a.ts imports compiler/pipeline.ts, but passes is below the files of compiler/",
      "compiler/new/ has no place among the layers: give it one in tests/layering.test.ts",
    ]);
  });

  test("a circle is reported whole, types included", () => {
    const wrong = fixture({
      "compiler/a.ts": 'import { b } from "./b.ts";\nimport { d } from "./d.ts";',
      "compiler/b.ts": 'import type { C } from "./c.ts";',
      "compiler/c.ts": 'export * from "./a.ts";',
      "compiler/d.ts": "",
    });
    assert.deepEqual(cycleViolations(wrong), [
      "compiler/a.ts → compiler/b.ts → compiler/c.ts → compiler/a.ts",
    ]);
  });

  test("packages and Node's modules are reported where they do not belong", () => {
    const wrong = fixture({
      "compiler/a.ts": 'import { parse } from "acorn";\nconst w = await import("wabt");',
      "runtime/a.ts": 'import { Worker } from "node:worker_threads";\nconst t = await import("node:os");',
      "frontend/cli/main.ts": 'import { Command } from "commander";',
      "samples/a.ts": 'import { jit } from "weft";\nimport { x } from "weft/internal";',
    });
    assert.deepEqual(packageViolations(wrong, new Set(["wabt"])), [
      "compiler/a.ts imports the package acorn",
      "runtime/a.ts imports node:worker_threads when it is loaded: use await import(…) where it is needed",
      "samples/a.ts imports weft/internal, which the package does not export",
    ]);
  });
});

function report(violations: readonly string[]): void {
  if (violations.length > 0) assert.fail(`\n${violations.map((each) => `  ${each}`).join("\n")}`);
}

/** Every import by path, with the file it is in and the one it names. */
function* edges(modules: Modules): Generator<[file: string, target: string]> {
  for (const [file, imports] of modules) {
    for (const each of imports) {
      const target = targetOf(file, each);
      if (target !== undefined) yield [file, target];
    }
  }
}

function topViolations(modules: Modules): string[] {
  return [...edges(modules)]
    .filter(([file, target]) => !layers[file.split("/")[0]!]!.some((allowed) => target.startsWith(allowed)))
    .map(([file, target]) => `${file} imports ${target}`);
}

function compilerViolations(modules: Modules): string[] {
  const violations: string[] = [];
  const unknown = new Set<string>();
  for (const [file, target] of edges(modules)) {
    if (!file.startsWith("compiler/") || !target.startsWith("compiler/")) continue;
    const [from, to] = [compilerFolder(file), compilerFolder(target)];
    const [fromLevel, toLevel] = [levelOf(from), levelOf(to)];
    for (const [folder, level] of [
      [from, fromLevel],
      [to, toLevel],
    ] as const) {
      if (level === undefined) unknown.add(folder);
    }
    if (fromLevel === undefined || toLevel === undefined || from === to || toLevel < fromLevel) continue;
    const relation = toLevel === fromLevel ? "beside" : "below";
    violations.push(
      `${file} imports ${target}, but ${from} is ${relation} ${to || "the files of compiler/"}`,
    );
  }
  const homeless = [...unknown].map(
    (folder) => `compiler/${folder}/ has no place among the layers: give it one in tests/layering.test.ts`,
  );
  return [...violations, ...homeless];
}

/** The folder of a compiler's file; empty for one directly in compiler/. */
function compilerFolder(file: string): string {
  const parts = file.split("/");
  return parts.length > 2 ? parts[1]! : "";
}

function levelOf(folder: string): number | undefined {
  if (folder === "") return compilerLayers.length;
  const level = compilerLayers.findIndex((line) => line.includes(folder));
  return level === -1 ? undefined : level;
}

function cycleViolations(modules: Modules): string[] {
  return findCycles(modules).map((cycle) => cycle.join(" → "));
}

function packageViolations(modules: Modules, optional: ReadonlySet<string>): string[] {
  const violations: string[] = [];
  for (const [file, imports] of modules) {
    for (const each of imports) {
      const violation = each.specifier.startsWith(".") ? undefined : packageViolation(file, each, optional);
      if (violation !== undefined) violations.push(`${file} ${violation}`);
    }
  }
  return violations;
}

function packageViolation(
  file: string,
  { specifier, kind }: Import,
  optional: ReadonlySet<string>,
): string | undefined {
  if (file.startsWith("samples/")) {
    const own = specifier === "weft" || specifier.startsWith("weft/");
    if (own && !publicEntries().has(specifier))
      return `imports ${specifier}, which the package does not export`;
    return undefined;
  }
  if (file.startsWith(commandLine) || file.startsWith(inspectorPage)) return undefined;
  if (specifier.startsWith("node:")) {
    // The browser has none of them: to be loaded only where it is known that this is Node.
    if (kind !== "static") return undefined;
    return `imports ${specifier} when it is loaded: use await import(…) where it is needed`;
  }
  if (kind !== "static" && optional.has(specifier)) return undefined;
  return `imports the package ${specifier}`;
}

interface PackageFile {
  readonly devDependencies: Readonly<Record<string, string>>;
  exports: Record<string, unknown>;
  optionalDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

function packageFile(): PackageFile {
  return JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as PackageFile;
}

/** `weft`, `weft/numpy` and so on. */
function publicEntries(): Set<string> {
  return new Set(Object.keys(packageFile().exports).map((entry) => `weft${entry.slice(1)}`));
}

/** What may be loaded on demand, as its absence is provided for. */
function optionalPackages(): Set<string> {
  const { optionalDependencies, peerDependencies } = packageFile();
  return new Set([...Object.keys(optionalDependencies), ...Object.keys(peerDependencies)]);
}
