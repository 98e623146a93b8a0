/** Cases of wrong use: each must throw an error that has the facts, the user's own line and the way out. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

type ErrorClass = new (...args: never[]) => Error;

/** What is done wrong, the class of the error, what its message must have, and a piece of the line it must name. */
export interface Mistake {
  readonly run: () => unknown;
  readonly error: ErrorClass;
  readonly says: readonly RegExp[];
  readonly line: string;
}

/** Declares a test for a mistake in the test file `url`. */
export function mistakesIn(url: string): (name: string, mistake: Mistake) => void {
  const file = fileURLToPath(url);
  const source = readFileSync(file, "utf8").split("\n");
  const places = new RegExp(`${path.basename(file).replaceAll(".", "\\.")}:(\\d+)`, "g");
  return (name, { run, error, says, line }) => {
    test(name, () => {
      let thrown: unknown = null;
      try {
        run();
      } catch (e) {
        thrown = e;
      }
      assert.ok(thrown instanceof error, `expected ${error.name}, got ${String(thrown)}`);
      const { message } = thrown;
      for (const pattern of says) assert.match(message, pattern);
      assert.doesNotMatch(message, /\bNaN\b|\[object |graph @|%\d+:/, "no leftovers of our own insides");
      const named = [...message.matchAll(places)].map(([, n]) => source[Number(n) - 1]);
      assert.ok(
        named.some((text) => text?.includes(line)),
        `no line with ${line} is named in:\n${message}`,
      );
      assert.ok(message.length < 1500, `${message.length} characters`);
    });
  };
}
