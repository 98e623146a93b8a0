/** A few thousand broken texts for the parsers; `npm run fuzz -- parser` has more. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkText } from "./fuzz/parser/check.ts";
import { parserCorpus } from "./fuzz/parser/corpus.ts";
import { brokenText } from "./fuzz/parser/main.ts";

describe("broken texts of graphs, kernels and programs", () => {
  const corpus = parserCorpus();

  test("the unbroken ones are fine", () => {
    const problems = corpus.flatMap((text) => {
      const result = checkText(text);
      return "problem" in result ? [`${result.problem}\n${text.slice(0, 300)}`] : [];
    });
    assert.deepEqual(problems, []);
    for (const word of ["graph", "kernel", "program"]) {
      assert.ok(
        corpus.some((text) => text.startsWith(word)),
        word,
      );
    }
  });

  test("each is refused with its place, or verified", () => {
    const counts = { refused: 0, invalid: 0, valid: 0 };
    for (let seed = 0; seed < 3000; seed++) {
      const text = brokenText(seed, corpus);
      const result = checkText(text);
      if ("problem" in result) assert.fail(`seed ${seed}: ${result.problem}\n${text}`);
      counts[result.outcome]++;
    }
    // Else the mutations would show nothing: all of them break everything, or nothing.
    for (const [outcome, n] of Object.entries(counts)) assert.ok(n > 5, `${outcome}: ${n}`);
  });
});
