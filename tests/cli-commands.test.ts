/** What every command has, a new one too: help, `--json`, exit codes, completions, its place in the docs, progress. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { SHELLS } from "../frontend/cli/completion.ts";
import { program } from "../frontend/cli/program.ts";
import { root } from "./helpers/paths.ts";
import { Workspace } from "./helpers/run-cli.ts";

const GRAPH = `graph @f(%x: f32[8]) -> (f32[8]) {
  %0: f32[8] = sin %x
  %1: f32[8] = mul %0, %x
  return %1
}
`;

interface Use {
  /** A call of it that succeeds, without `--json`. */
  readonly args: readonly string[];
  /** Calls in which it compiles, and says so where that takes long. */
  readonly compiles: readonly (readonly string[])[];
}

const IN_MODEL = ["model.ts#gradient", "--args", "f32[8]"];

/** A test fails for a command that is not here. */
const USES: Readonly<Record<string, Use>> = {
  run: { args: ["f.ir", "--seed", "1"], compiles: [["f.ir", "--seed", "1"], ["program.ts"]] },
  dump: { args: IN_MODEL, compiles: [IN_MODEL, [...IN_MODEL, "--target", "webgpu"]] },
  compile: {
    args: [...IN_MODEL, "--out", "out/a"],
    compiles: [
      [...IN_MODEL, "--out", "out/b"],
      [...IN_MODEL, "--out", "out/c", "--target", "webgpu"],
    ],
  },
  opt: { args: ["f.ir"], compiles: [["f.ir", "--passes", "simplify,dead_code,fusion"]] },
  verify: { args: ["f.ir"], compiles: [] },
  diff: { args: ["before", "before"], compiles: [] },
  inspect: {
    args: [...IN_MODEL, "--no-run"],
    compiles: [[...IN_MODEL, "--no-run", "--out", "page.html"]],
  },
  profile: { args: ["f.ir", "--repeat", "1"], compiles: [["f.ir", "--repeat", "1"]] },
  bisect: { args: ["f.ir"], compiles: [["f.ir"]] },
  reduce: {
    args: ["net.ir", "--plugin", "wrong-pass.ts"],
    compiles: [["net.ir", "--plugin", "wrong-pass.ts"]],
  },
  completion: { args: ["bash"], compiles: [] },
};

const { commands } = program(false);
const names = commands.map((command) => command.name());

/** A terminal with a clock that runs a thousand times as fast: what is shown of long compilations is shown of all. */
const TERMINAL = `
const { stderr } = process;
Object.assign(stderr, { isTTY: true, columns: 100, cursorTo() {}, clearLine() {} });
const now = performance.now.bind(performance);
performance.now = () => 1000 * now();
`;

let place: Workspace;
before(async () => {
  place = new Workspace();
  place.fixture("model.ts");
  place.fixture("wrong-pass.ts");
  place.write("f.ir", GRAPH);
  // What is wrong with it is that the wrong pass exchanges the sides of its subtraction.
  place.write("net.ir", GRAPH.replace("mul %0, %x", "sub %0, %x"));
  place.write(
    "program.ts",
    'import { jit, numpy as np } from "weft";\nconsole.log(jit(np.sin, { name: "sine" })(np.ones([3])).shape);\n',
  );
  const { code, stderr } = await place.weft(["dump", ...IN_MODEL, "--out", "before"]);
  assert.equal(code, 0, stderr);
});
after(() => place.remove());

test("the commands are those of this test", () => {
  assert.deepEqual(names.toSorted(), Object.keys(USES).toSorted());
});

describe("every command", { concurrency: 2 }, () => {
  for (const command of commands) {
    const name = command.name();
    test(`${name}: --json, and nothing but JSON on stdout`, async () => {
      const { code, stdout, stderr } = await place.weft([name, ...USES[name]!.args, "--json"]);
      assert.equal(code, 0, stderr);
      assert.ok(Object.keys(JSON.parse(stdout) as object).length > 1, stdout);
    });

    test(`${name}: --help has examples, and a word on every argument and option`, async () => {
      const { code, stdout, stderr } = await place.weft([name, "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`^Usage: weft ${name} `));
      assert.match(stdout, new RegExp(`(^|\\n).*weft ${name} (?!.*\\[options\\])`), "an example");
      for (const each of [...command.options, ...command.registeredArguments])
        assert.ok(each.description.length > 5, `${name}: nothing is said of ${each.name()}`);
      assert.ok(command.options.some(({ long }) => long === "--json"));
    });

    test(`${name}: exit code 2 for a wrong command line, 1 for a wrong input`, async () => {
      const wrong = await place.weft([name, ...USES[name]!.args, "--no-such-option"]);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /unknown option '--no-such-option'/);
      assert.equal((await place.weft([name])).code, 2);
      if (name === "completion") return;
      const missing = await place.weft([name, ...USES[name]!.args.with(0, "nowhere.ir")]);
      assert.deepEqual([missing.code, missing.stdout], [1, ""]);
      assert.match(missing.stderr, /^weft: .*nowhere/);
    });

    for (const [i, args] of USES[name]!.compiles.entries()) {
      test(`${name}: progress on a terminal, ${i}`, async () => {
        const preload = `--import=data:text/javascript,${encodeURIComponent(TERMINAL)}`;
        const { code, stderr } = await place.weft([name, ...args], { env: { NODE_OPTIONS: preload } });
        assert.equal(code, 0, stderr);
        assert.match(
          stderr,
          /(compiling|passes on|bisecting) \S+ .*\[=+-*\] \d+\/\d+|reducing: \d+ equations/,
        );
      });
    }
  }
});

test("a program's own output goes to stderr, and what it compiled to stdout", async () => {
  const { code, stdout, stderr } = await place.weft(["run", "program.ts", "--json"]);
  assert.deepEqual([code, stderr], [0, "[ 3 ]\n"]);
  const { compiled, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, { program: "program.ts", exitCode: 0, dump: null });
  assert.equal(compiled.length, 1);
  const [{ milliseconds, ...sine }] = compiled;
  assert.deepEqual(sine, { name: "sine", inputs: ["f32[3]"], outputs: ["f32[3]"], kernels: 1, failed: null });
  assert.ok(milliseconds > 0);
});

test("completions have every command and option, and are in the shells' own grammar", async () => {
  for (const shell of SHELLS) {
    const { stdout } = await place.weft(["completion", shell]);
    for (const command of commands) {
      assert.match(stdout, new RegExp(`\\b${command.name()}\\b`));
      for (const { long } of command.options)
        assert.match(stdout, new RegExp(shell === "fish" ? `-l ${long?.slice(2)}\\b` : `${long}\\b`));
    }
    // Where the shell is not installed there is nobody to ask.
    place.write(`completion.${shell}`, stdout);
    const file = path.join(place.folder, `completion.${shell}`);
    const { error, status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (error === undefined) assert.deepEqual([status, stderr], [0, ""], shell);
  }
});

test("docs/cli.md has every command, docs/inspection.md what its --json prints", () => {
  const table = readFileSync(path.join(root, "docs/cli.md"), "utf8");
  const json = readFileSync(path.join(root, "docs/inspection.md"), "utf8").split("\n## JSON\n")[1] ?? "";
  for (const name of names) {
    assert.match(table, new RegExp(`^\\| \`weft ${name} `, "m"));
    if (name !== "dump") assert.match(json, new RegExp(`^\\| \`${name}( [^|]*)?\` \\| `, "m"), name);
  }
});
