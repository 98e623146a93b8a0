// `npm run samples`: all samples and their gallery; `npm run samples -- --serve`: the live page.

import { root } from "./paths.mjs";
import { ensureInstalled } from "./setup.mjs";
import { runWeft } from "./weft.mjs";

process.chdir(root);
// Some read their data from packages that `npm start` does not install, and WebGPU under Node is one, too.
await ensureInstalled("test");
await runWeft(["run", "samples/gallery", "--", ...process.argv.slice(2)]);
