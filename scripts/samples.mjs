// `npm run samples`: all samples and their gallery; `npm run samples -- --serve`: the live page.

import { root } from "./paths.mjs";
import { runWeft } from "./weft.mjs";

process.chdir(root);
await runWeft(["run", "samples/gallery", "--", ...process.argv.slice(2)]);
