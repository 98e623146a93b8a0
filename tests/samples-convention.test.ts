/** What samples/README.md asks of each sample. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { About } from "../samples/run/sample.ts";
import { importsOf } from "./helpers/imports.ts";
import { root } from "./helpers/paths.ts";

const samples = path.join(root, "samples");
const names = readdirSync(samples).filter((name) => existsSync(path.join(samples, name, "sample.json")));

const read = (name: string, file: string): string => readFileSync(path.join(samples, name, file), "utf8");
const aboutOf = (name: string): About => JSON.parse(read(name, "sample.json")) as About;

describe("samples", () => {
  test("there are some, with numbers of their own", () => {
    assert.ok(names.length > 0);
    const numbers = names.map((name) => aboutOf(name).number);
    assert.equal(new Set(numbers).size, numbers.length, `the numbers ${numbers.sort().join(", ")}`);
  });

  for (const name of names) {
    test(`${name}: its files`, () => {
      const { number, title, summary, document, live, long, ...unknown } = aboutOf(name);
      assert.deepEqual(unknown, {});
      assert.ok(Number.isInteger(number) && typeof live === "boolean" && typeof long === "boolean");
      assert.ok(title.length > 0 && summary.length > 0 && !/[.\n]$/.test(summary));
      assert.match(document, /^00\d$/);
      for (const file of ["main.ts", "model.ts", "sample.ts", "README.md"]) {
        assert.ok(existsSync(path.join(samples, name, file)), `samples/${name}/${file}`);
      }
      assert.ok(existsSync(path.join(root, `tests/sample-${name}.test.ts`)), `tests/sample-${name}.test.ts`);
      assert.match(readFileSync(path.join(root, "README.md"), "utf8"), new RegExp(`\\(samples/${name}\\)`));
    });

    if (aboutOf(name).live) {
      test(`${name}: what the live page bundles needs no Node`, () => {
        const seen = new Set<string>();
        const visit = (file: string): void => {
          if (seen.has(file)) return;
          seen.add(file);
          if (!file.endsWith(".ts")) return;
          for (const { specifier, kind } of importsOf(readFileSync(file, "utf8"))) {
            if (kind === "type") continue;
            assert.ok(!specifier.startsWith("node:"), `${path.relative(root, file)} imports ${specifier}`);
            if (specifier.startsWith(".")) visit(path.join(path.dirname(file), specifier));
          }
        };
        visit(path.join(samples, name, "sample.ts"));
        assert.ok(seen.has(path.join(samples, name, "model.ts")), "sample.ts uses model.ts");
      });
    }

    test(`${name}: the code of its page is the sample's`, () => {
      // Line breaks are the formatter's: what counts is the text between them.
      const dense = (text: string): string => text.replace(/\s+/g, "");
      const folder = readdirSync(path.join(samples, name)).filter((file) => file.endsWith(".ts"));
      const written = folder.map((file) => dense(read(name, file)));
      const page = read(name, "README.md");
      const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
      assert.ok(blocks.length > 0 && page.includes("```python"), "code of both");
      const lines = blocks.flatMap((block) => block.split("\n")).filter((line) => !/^\s*…?\s*$/.test(line));
      const stale = lines.filter((line) => !written.some((text) => text.includes(dense(line))));
      assert.deepEqual(stale, []);
    });
  }
});
