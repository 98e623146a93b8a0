/** The grammar of `weft dump --args`. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ParseError } from "../compiler/text/parse-error.ts";
import { parseArguments } from "../frontend/cli/args-parser.ts";
import { ShapeDtypeStruct } from "../frontend/core/spec.ts";

/** Specs as the text they were given by. */
function shown(x: unknown): unknown {
  if (x instanceof ShapeDtypeStruct) return x.aval.type.text + (x.aval.weakType ? "*" : "");
  if (Array.isArray(x)) return x.map(shown);
  if (typeof x !== "object" || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, shown(value)]));
}

describe("--args", () => {
  const good: readonly [text: string, values: unknown[]][] = [
    ["", []],
    ["  ", []],
    ["f32[63,1], f32[]", ["f32[63,1]", "f32[]"]],
    ["float64[ 2 , 3 ],", ["f64[2,3]"]],
    ["bool[0], u8[1], i16[], f16[7]*", ["bool[0]", "u8[1]", "i16[]", "f16[7]*"]],
    ["{w: f32[2,1], b: f32[1]}", [{ w: "f32[2,1]", b: "f32[1]" }]],
    ['{"first layer": [f32[3], i32[]*,], rest: {},}', [{ "first layer": ["f32[3]", "i32[]*"], rest: {} }]],
    ["null, [], [null]", [null, [], [null]]],
    ["50, -1.5e3, .5, true, false", [50, -1500, 0.5, true, false]],
    ["NaN, Infinity, -Infinity", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    [`"relu", 'it\\'s "x"', "\\u00e9"`, ["relu", `it's "x"`, "é"]],
    ["\n f32[3],\n f32[4]", ["f32[3]", "f32[4]"]],
  ];
  for (const [text, values] of good) {
    test(JSON.stringify(text), () => assert.deepEqual(parseArguments(text).map(shown), values));
  }

  test("a key that is a name of Object's prototype is a key", () => {
    const [object] = parseArguments("{__proto__: 1, toString: 2}") as [object];
    assert.deepEqual(Object.keys(object), ["__proto__", "toString"]);
    assert.equal(Object.getPrototypeOf(object), Object.prototype);
  });

  const bad: readonly [text: string, column: number, reason: RegExp][] = [
    ["f32", 4, /expected the shape, as in f32\[2,3\], or f32\[\] for a scalar, found the end/],
    ["f32[3", 6, /expected a comma or \] in the shape, found the end/],
    ["f32[3 4]", 7, /expected a comma or \] in the shape, found 4/],
    ["f32[-1]", 5, /expected an extent, a whole number, found -1/],
    ["f32[1.5]", 5, /expected an extent, a whole number, found 1\.5/],
    ["f32[99999999999999999999]", 5, /whole number/],
    ["float[3]", 1, /unknown dtype float\. The dtypes are bool, i8,/],
    ["flot32[3]", 1, /unknown dtype flot32; did you mean float32\? The dtypes are/],
    ["f32[3] f32[4]", 8, /expected a comma between arguments, found f32/],
    [", f32[3]", 1, /expected an argument such as f32\[3\], found ,/],
    ["{w f32[3]}", 4, /expected a colon behind the name w, found f32/],
    ["{w: f32[3] b: f32[]}", 12, /expected a comma or \}, found b/],
    ["{w: 1, w: 2}", 8, /the name w stands here twice/],
    ["{3: f32[]}", 2, /expected a name or \}, found 3/],
    ["[f32[3]", 8, /expected a comma or \], found the end/],
    ['"open', 1, /this string is not closed/],
    ['"\\q"', 1, /an escape that JSON does not know/],
    ["f32[3], #", 9, /unexpected #/],
    ["[".repeat(5000), 201, /nested too deeply/],
  ];
  for (const [text, column, reason] of bad) {
    test(`refused: ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.throws(
        () => parseArguments(text),
        (error) => {
          assert.ok(error instanceof ParseError);
          assert.match(error.reason, reason);
          assert.deepEqual([error.fileName, error.line, error.column], ["--args", 1, column]);
          return true;
        },
      );
    });
  }

  test("the message has the text with a caret below", () => {
    assert.throws(() => parseArguments("f32[3], g32[]"), {
      message: /^--args:1:9: unknown dtype g32.*\n {2}f32\[3\], g32\[\]\n {10}\^$/,
    });
  });
});
