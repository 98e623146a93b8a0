// `npm run fuzz -- [nests | contractions | parser | artifact] [--seed S] [--count N]`: bundles tests/fuzz/main.ts and runs it.

import { spawnSync } from "node:child_process";
import { failBuild } from "./build.mjs";
import { bundleFiles } from "./bundle.mjs";
import { root } from "./paths.mjs";
import { withScratchFolder } from "./scratch.mjs";
import { ensureInstalled } from "./setup.mjs";

await ensureInstalled("start");
process.exitCode = await withScratchFolder("fuzz", async (outdir) => {
  const [file] = await bundleFiles(["tests/fuzz/main.ts"], outdir).catch(failBuild);
  const command = ["--enable-source-maps", "--stack-size=4000", file ?? "", ...process.argv.slice(2)];
  return spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" }).status ?? 1;
});
