/**
 * The `ts` blocks of pages, as programs. A block stands by itself, imports included. Under a `console.log(…)` its output
 * stands, a line each: `// → text`. A block that ends with an error has `// throws Name: message` as its last line; of
 * the message its beginning is enough.
 */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { format, stripVTControlCharacters } from "node:util";
import * as esbuild from "esbuild";
import { root } from "./paths.ts";

export interface DocBlock {
  /** The page, relative to the root, and the line of the block's fence: `docs/page.md:12`. */
  readonly place: string;
  readonly page: string;
  /** Index of the page's line after the fence. */
  readonly start: number;
  readonly lines: readonly string[];
}

/** What a block printed, by the index of the line that its `console.log` begins in, and the error it ended with. */
export interface BlockRun {
  readonly printed: ReadonlyMap<number, readonly string[]>;
  readonly error: unknown;
}

const ARROW = /^\s*\/\/ →( |$)/;
const THROWS = /^\/\/ throws /;

export async function readBlocks(page: string): Promise<DocBlock[]> {
  const lines = (await readFile(path.join(root, page), "utf8")).split("\n");
  const blocks: DocBlock[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] !== "```ts") continue;
    const end = lines.indexOf("```", i);
    blocks.push({ place: `${page}:${i + 1}`, page, start: i + 1, lines: lines.slice(i + 1, end) });
    i = end;
  }
  return blocks;
}

/** Bundles the blocks into modules that share one Weft, and returns each one's file. */
export async function bundleBlocks(blocks: readonly DocBlock[], outdir: string): Promise<string[]> {
  await esbuild.build({
    entryPoints: blocks.map((_, i) => ({ in: `block:${i}`, out: `block-${i}` })),
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // Messages name functions.
    keepNames: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    logLevel: "silent",
    loader: { ".json": "json" },
    external: ["esbuild", "wabt", "webgpu"],
    plugins: [
      {
        name: "doc-blocks",
        setup(build) {
          build.onResolve({ filter: /^block:/ }, ({ path: name }) => ({ path: name, namespace: "block" }));
          build.onLoad({ filter: /.*/, namespace: "block" }, ({ path: name }) => ({
            contents: marked(blocks[Number(name.slice("block:".length))]),
            loader: "ts",
            resolveDir: root,
          }));
          build.onResolve({ filter: /^weft(\/|$)/ }, ({ path: name }) => ({
            path: path.join(root, "frontend", name.slice("weft/".length), "index.ts"),
          }));
        },
      },
    ],
  });
  return blocks.map((_, i) => path.join(outdir, `block-${i}.mjs`));
}

/** What the type checker says of the blocks: nothing where all is well. */
export async function checkBlockTypes(blocks: readonly DocBlock[], outdir: string): Promise<string> {
  const names = await Promise.all(
    blocks.map(async ({ place, lines }) => {
      const name = `${place.replace(/[^\w-]+/g, "_")}.ts`;
      await writeFile(path.join(outdir, name), `${lines.join("\n")}\nexport {};\n`);
      return name;
    }),
  );
  const compilerOptions = {
    paths: {
      weft: [path.join(root, "frontend/index.ts")],
      "weft/*": [path.join(root, "frontend/*/index.ts")],
    },
    typeRoots: [path.join(root, "node_modules/@types")],
  };
  const config = { extends: path.join(root, "tsconfig.json"), compilerOptions, include: [], files: names };
  await writeFile(path.join(outdir, "tsconfig.json"), JSON.stringify(config));
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", outdir], {
    cwd: root,
    encoding: "utf8",
  });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

/** The block with its line's index as the first argument of every `console.log`. */
function marked({ lines }: DocBlock): string {
  return lines.map((line, i) => line.replace("console.log(", `console.log("\\u0000${i}", `)).join("\n");
}

/** Runs a bundled block. `console.log` is watched meanwhile, so one at a time. */
export async function runBlock(file: string): Promise<BlockRun> {
  const printed = new Map<number, string[]>();
  const { log } = console;
  console.log = (mark: unknown, ...values: unknown[]) => {
    if (typeof mark !== "string" || !mark.startsWith("\0")) return log(mark, ...values);
    const line = Number(mark.slice(1));
    const text = stripVTControlCharacters(format(...values)).split("\n");
    printed.set(line, [...(printed.get(line) ?? []), ...text.map((t) => t.trimEnd())]);
  };
  try {
    await import(pathToFileURL(file).href);
    return { printed, error: null };
  } catch (error) {
    return { printed, error };
  } finally {
    console.log = log;
  }
}

/** The block as it should stand in its page, given what it printed. */
export function withOutputs(block: DocBlock, { printed, error }: BlockRun): string[] {
  const result: string[] = [];
  let pending: readonly string[] | null = null;
  for (const [i, line] of block.lines.entries()) {
    if (ARROW.test(line)) continue;
    if (THROWS.test(line)) continue;
    pending = printed.get(i) ?? pending;
    const bare = line.replace(/ \/\/ → .*$/, "");
    result.push(bare);
    // Output of a loop's body stands behind the loop.
    if (pending === null || !/^\S.*[;}]$|^}$/.test(bare)) continue;
    const short = pending.length === 1 && bare.length + pending[0].length < 90 && printed.has(i);
    if (short) result[result.length - 1] += ` // → ${pending[0]}`.trimEnd();
    else result.push(...pending.map((text) => `// → ${text}`.trimEnd()));
    pending = null;
  }
  const stated = block.lines.find((line) => THROWS.test(line));
  if (error !== null) {
    const message = errorText(error);
    const fits = stated !== undefined && message.startsWith(stated.slice("// throws ".length));
    result.push(fits ? stated : `// throws ${message}`);
  }
  return result;
}

/** Name and first line of an error's message. */
function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]}` : String(error);
}
