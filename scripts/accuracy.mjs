// `npm run accuracy -- [NAME…]`: bundles tests/accuracy/main.ts and runs it, with relaxed SIMD where the engine has it.

import { spawnSync } from "node:child_process";
import { failBuild } from "./build.mjs";
import { bundleFiles } from "./bundle.mjs";
import { root } from "./paths.mjs";
import { withScratchFolder } from "./scratch.mjs";
import { ensureInstalled } from "./setup.mjs";

await ensureInstalled("test");
process.exitCode = await withScratchFolder("accuracy", async (outdir) => {
  const [file] = await bundleFiles(["tests/accuracy/main.ts"], outdir).catch(failBuild);
  const flags = ["--enable-source-maps"];
  // Node 20 has it behind a flag, which later versions no longer know.
  if (Number.parseInt(process.versions.node, 10) < 21) flags.push("--experimental-wasm-relaxed-simd");
  const command = [...flags, file ?? "", ...process.argv.slice(2)];
  return spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" }).status ?? 1;
});
