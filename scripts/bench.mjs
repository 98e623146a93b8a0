// `npm run bench -- NAME [ARG…]`: bundles tests/bench/NAME.bench.ts and runs it. Without NAME: which there are.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { failBuild } from "./build.mjs";
import { bundleFiles } from "./bundle.mjs";
import { root } from "./paths.mjs";
import { ensureInstalled } from "./setup.mjs";

const suffix = ".bench.ts";
const folder = path.join(root, "tests/bench");
const [name, ...args] = process.argv.slice(2);
const benches = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length))
  : [];

if (name === undefined || !benches.includes(name)) {
  if (name !== undefined) console.error(`weft: there is no bench "${name}"`);
  console.log(
    `npm run bench -- NAME, where NAME is one of:\n${benches.map((each) => `  ${each}`).join("\n")}`,
  );
  process.exitCode = name === undefined ? 0 : 1;
} else {
  await ensureInstalled("start");
  // Beside the benches, so that the packages of tests/bench are found, if it has any.
  const outdir = path.join(folder, ".build");
  const [file] = await bundleFiles([`tests/bench/${name}${suffix}`], outdir).catch(failBuild);
  const command = ["--enable-source-maps", "--expose-gc", file ?? "", ...args];
  process.exitCode = spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" }).status ?? 1;
}
