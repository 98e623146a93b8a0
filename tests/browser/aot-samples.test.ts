/** Every sample's functions, compiled ahead of time, give the just-in-time run's bits in Node and in a browser. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { hasRelaxedSimd } from "../../runtime/index.ts";
import type { RunSample } from "../../samples/run/sample.ts";
import { recordCalls, writeCases } from "../helpers/aot-cases.ts";
import { root } from "../helpers/paths.ts";
import { runRecorded } from "../helpers/run-sample.ts";
import { bundleForBrowser, withPage } from "./chromium.ts";
import type * as JustInTime from "./pages/just-in-time.ts";
import type { GraphCall } from "./pages/just-in-time.ts";

const base = mkdtempSync(path.join(tmpdir(), "weft-aot-"));
after(() => rmSync(base, { recursive: true, force: true }));

const samples = readdirSync(path.join(root, "samples")).filter((name) =>
  existsSync(path.join(root, "samples", name, "sample.json")),
);

interface Outcome {
  readonly cases: number;
  readonly wrong: readonly string[];
}

interface Checks {
  check(variant: "simd" | "relaxed", expected?: (call: GraphCall) => readonly Uint8Array[]): Promise<Outcome>;
}

/** The variant of the modules that this engine's just-in-time calls run. */
const variant = hasRelaxedSimd() ? "relaxed" : "simd";

describe("samples compiled ahead of time", () => {
  for (const name of samples) {
    test(name, async () => {
      const { run } = (await import(`../../samples/${name}/sample.ts`)) as { run: RunSample };
      const calls = await recordCalls(() => runRecorded(run, { quick: true }));
      assert.ok(calls.length > 0, "it compiled nothing");
      const right: Outcome = { cases: calls.length, wrong: [] };
      const folder = path.join(base, name);
      await writeCases(folder, calls);

      writeFileSync(
        path.join(folder, "main.mjs"),
        `import { check } from "./check.js"; console.log(JSON.stringify(await check("${variant}")));`,
      );
      const { stdout } = await promisify(execFile)(process.execPath, ["main.mjs"], { cwd: folder });
      assert.deepEqual(JSON.parse(stdout), right, "in Node");
      rmSync(path.join(folder, "main.mjs"));

      await withPage(folder, async (page) => {
        // The same bits as Node's, and those that the page itself gives with what its engine has.
        const same = page.evaluate(
          async ([file, variant]) => {
            const { check } = (await import(file)) as Checks;
            return check(variant as "simd");
          },
          ["/check.js", variant],
        );
        assert.deepEqual(await same, right, "in Chromium, with Node's variant");
      });
      writeFileSync(
        path.join(folder, "jit.js"),
        await bundleForBrowser("tests/browser/pages/just-in-time.ts"),
      );
      await withPage(folder, async (page) => {
        const own = page.evaluate(
          async ([checks, jit]) => {
            const { check } = (await import(checks)) as Checks;
            const { runGraph } = (await import(jit)) as typeof JustInTime;
            return check("relaxed", runGraph);
          },
          ["/check.js", "/jit.js"],
        );
        assert.deepEqual(await own, right, "in Chromium, against its own just-in-time run");
      });
    });
  }
});
