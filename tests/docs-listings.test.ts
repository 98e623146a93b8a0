/** What docs/cli.md says the commands write for its example: the files' names, and their sizes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "./helpers/paths.ts";
import { Workspace } from "./helpers/run-cli.ts";

/** Compressed sizes depend on Node's zlib, and code changes by some bytes without the page being wrong. */
const TOLERANCE = 0.02;

const page = readFileSync(path.join(root, "docs/cli.md"), "utf8");

let place: Workspace;
before(() => {
  place = new Workspace();
  for (const [, name, text] of page.matchAll(/^```ts\n\/\/ (\w+\.ts)\n(.*?)^```$/gms))
    place.write(name, text);
  // The page's line numbers count its first line.
  place.write("model.ts", `// model.ts\n${place.read("model.ts")}`);
});
after(() => place.remove());

describe("docs/cli.md", () => {
  test("weft compile writes the files listed, of the sizes listed", async () => {
    const [, args] = /^\$ weft compile model\.ts#step --args '(.*)' --out out\/step$/m.exec(page) ?? [];
    const { stdout, stderr } = await place.weft([
      "compile",
      "model.ts#step",
      "--args",
      args,
      "--out",
      "out/step",
    ]);
    assert.equal(stderr, "");
    const [documented, written] = [page, stdout].map(sizes);
    assert.deepEqual([...documented.keys()], [...written.keys()]);
    assert.ok(written.size >= 5);
    for (const [file, now] of written) {
      for (const [i, size] of now.entries()) {
        const said = documented.get(file)?.[i] ?? 0;
        const text = `docs/cli.md says ${said} bytes of ${file}, it has ${size}`;
        assert.ok(Math.abs(said - size) <= TOLERANCE * size, text);
      }
    }
  });

  test("weft run --dump writes the files listed, of the sizes listed", async () => {
    const { stdout, stderr } = await place.weft(["run", "main.ts", "--dump", "out/ir", "--", "3"]);
    assert.ok(page.includes(stdout), stdout + stderr);
    const listing = /^```\n(m0000\.step\.0000.*?)^```$/ms.exec(page)?.[1] ?? "";
    const listed = listing
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    assert.deepEqual(listed.sort(), place.list("out/ir"));
    const wasm = [...page.matchAll(/"file": "(m0000\.[\w.]+\.wasm)", "bytes": (\d+)/g)];
    assert.equal(wasm.length, 2);
    for (const [, file, bytes] of wasm) {
      const size = readFileSync(path.join(place.folder, "out/ir", file)).length;
      assert.ok(Math.abs(Number(bytes) - size) <= TOLERANCE * size, `${file} has ${size} bytes`);
    }
  });
});

/** Bytes, and bytes compressed, of the files of out/step that a text lists. */
function sizes(text: string): Map<string, readonly [number, number]> {
  const lines = text.matchAll(/^ {2}out\/step\/(\S+) +(\d+) bytes, (\d+) compressed$/gm);
  return new Map([...lines].map(([, file, bytes, gzip]) => [file, [Number(bytes), Number(gzip)]]));
}
