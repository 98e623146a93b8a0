/** docs/api, which `npm run docs` writes: everything that the modules export stands in it. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import * as weft from "weft";
import * as compiler from "weft/compiler";
import * as data from "weft/data";
import * as haiku from "weft/haiku";
import * as runtime from "weft/runtime";
import { root } from "./helpers/paths.ts";

const { lax, nn, numpy, optim, random, scipy } = weft;
const modules = { "": weft, lax, nn, numpy, optim, random, scipy, haiku, data, compiler, runtime };

/** A module with namespaces has a folder, one without a file. */
function pageOf(name: string): string {
  const base = path.join(root, "docs/api/weft", name);
  return readFileSync(existsSync(`${base}.md`) ? `${base}.md` : path.join(base, "README.md"), "utf8");
}

for (const [name, exported] of Object.entries(modules)) {
  test(`weft${name === "" ? "" : `/${name}`} is in the API reference`, () => {
    const page = pageOf(name);
    const headings = [...page.matchAll(/^### (?:`?abstract`? )?(.+?)(?:\(\))?$/gm)].map(([, text]) => text!);
    const namespaces = [...page.matchAll(/^- \[(\w+)\]\(/gm)].map(([, text]) => text!);
    const known = new Set([...headings, ...namespaces].map((text) => text.replaceAll("\\", "")));
    const missing = Object.keys(exported).filter((each) => !known.has(each));
    assert.deepEqual(missing, [], "run npm run docs");
  });
}

test("the overview names every module", () => {
  const overview = readFileSync(path.join(root, "docs/api/README.md"), "utf8");
  for (const name of Object.keys(modules)) {
    assert.match(overview, new RegExp(`\\[weft${name === "" ? "" : `/${name}`}\\]`));
  }
});
