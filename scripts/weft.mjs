// `npm run -s weft -- …`: the CLI from a clone. Installs and builds first, if there is need, and says nothing of it
// on stdout.

import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, failBuild } from "./build.mjs";
import { dist } from "./paths.mjs";
import { ensureInstalled } from "./setup.mjs";

/**
 * Runs the CLI in this process. It ends the process itself, or lets it end.
 *
 * @param {string[]} args
 */
export async function runWeft(args) {
  await ensureInstalled("start");
  await build().catch(failBuild);
  const cli = path.join(dist, "cli.js");
  if (!existsSync(cli)) failBuild(new Error("there is no dist/cli.js"));
  process.setSourceMapsEnabled(true);
  process.argv = [process.execPath, cli, ...args];
  await import(pathToFileURL(cli).href);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  // npm runs scripts in the root of the package; the file names are relative to where the user stands.
  if (process.env.npm_lifecycle_event === "weft" && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
  await runWeft(process.argv.slice(2));
}
