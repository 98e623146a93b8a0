/** Every file under tests/filetests. `BLESS=1 npm test -- filetests` rewrites their expectations. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { commands } from "./filetests/runner/commands.ts";
import {
  blessedText,
  type Expectation,
  expected,
  type Filetest,
  type Outcome,
  parseFiletest,
} from "./filetests/runner/filetest.ts";
import { root } from "./helpers/paths.ts";

const folder = path.join(root, "tests/filetests");
const bless = process.env.BLESS === "1";

const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .map((file) => file.split(path.sep).join("/"))
  .filter((file) => file.endsWith(".ir"))
  .sort();

describe("filetests", () => {
  test("there are files", () => assert.ok(files.length >= 30));
  for (const file of files) test(file, () => runFile(file));
});

function runFile(file: string): void {
  const text = readFileSync(path.join(folder, file), "utf8");
  const filetest = parseFiletest(file, text);
  const command = commands[filetest.command];
  assert.ok(command, `unknown command ${filetest.command}; known: ${Object.keys(commands).join(", ")}`);
  const outcome = command(filetest);
  if (bless) {
    const blessed = blessedText(filetest, outcome);
    if (blessed !== text) writeFileSync(path.join(folder, file), blessed);
    return;
  }
  compare(filetest, outcome);
}

function compare(filetest: Filetest, outcome: Outcome): void {
  for (const key of ["run", "error"] satisfies Expectation["key"][]) {
    assert.deepEqual(
      expected(filetest, key),
      [...(outcome.lines?.[key] ?? [])],
      `the "; ${key}:" lines differ`,
    );
  }
  assert.equal(outcome.output?.trim() ?? null, filetest.output, 'what follows "; output:" differs');
}

describe("filetests, the runner itself", () => {
  const source = "; test run\ngraph @f(%x: f32[]) -> (f32[]) {\n  return %x\n}\n";

  test("a wrong expectation fails", () => {
    const wrong = parseFiletest("wrong.ir", `${source}; run: @f(1.0:f32[]) == 2.0:f32[]\n`);
    assert.throws(() => compare(wrong, commands.run(wrong)), /"; run:" lines differ/);
  });

  test("blessing writes what came out, and then the file passes", () => {
    const wrong = parseFiletest("wrong.ir", `${source}; run: @f(1.0:f32[]) == 2.0:f32[]\n`);
    const blessed = parseFiletest("blessed.ir", blessedText(wrong, commands.run(wrong)));
    assert.deepEqual(expected(blessed, "run"), ["@f(1.0:f32[]) == 1.0:f32[]"]);
    compare(blessed, commands.run(blessed));
  });

  test("an output that is expected and missing fails, and one that is new as well", () => {
    const printed = parseFiletest("p.ir", source.replace("test run", "test print"));
    assert.throws(() => compare(printed, commands.print(printed)), /; output:/);
    const blessed = parseFiletest("p.ir", blessedText(printed, commands.print(printed)));
    compare(blessed, commands.print(blessed));
  });

  test("a file without a command is refused", () => {
    assert.throws(() => parseFiletest("none.ir", "graph @f() -> () {\n  return\n}\n"), /needs one line/);
  });
});
