/** `npm start`'s program as a user runs it: what it prints, the report it writes, and where the dumps are. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { root } from "./helpers/paths.ts";
import { Workspace } from "./helpers/run-cli.ts";

const workspace = new Workspace();
after(() => workspace.remove());

test("samples/auto-insurance", async () => {
  const file = path.join(root, "samples/auto-insurance/main.ts");
  const { code, stdout, stderr } = await workspace.weft(["run", "--dump", "out/ir", file]);
  assert.equal(code, 0, stderr);
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1]);
  const near = (actual: number, expected: number): void =>
    assert.ok(Math.abs(actual / expected - 1) <= 1e-5, `${actual}, the document has ${expected}`);
  near(number(/The total cost is: ([\d.]+)/), 6621.81201171875);
  // Twice ten lines, by hand and with grad, the same to float32's rounding.
  const lines = [...stdout.matchAll(/^Epoch: (\d+) Cost: ([\d.]+)$/gm)].map((m) => [
    Number(m[1]),
    Number(m[2]),
  ]);
  assert.equal(lines.length, 20);
  for (const [i, [epoch, cost]] of lines.slice(0, 10).entries()) {
    assert.equal(epoch, 5 * i);
    near(cost, lines[10 + i][1]);
  }
  near(lines[0][1], 8572.900390625);
  near(lines[9][1], 725.4779663085938);
  assert.match(stdout, /Prediction for 80 claims: 306\.4\d+ thousand kronor/);
  assert.match(stdout, /trace and compile [\d.]+ ms, 50 epochs [\d.]+ µs/);

  const report = workspace.read("out/auto-insurance/report.html");
  assert.equal(report.match(/<div class="plot">/g)?.length, 4, "the document's four plots");
  assert.doesNotMatch(report, /(src|href)="https?:/);
  assert.match(`${stdout}${stderr}`, /IR of 2 compiled functions: out\/ir/);
  const files = workspace.list("out/ir");
  assert.ok(files.includes("manifest.json"));
  assert.ok(files.some((f) => f.endsWith("train_grad.0000.graph.traced.ir")));
});
