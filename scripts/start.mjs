// `npm start`: the first thing to try. Trains the model of samples/auto-insurance.

import { root } from "./paths.mjs";
import { runWeft } from "./weft.mjs";

process.chdir(root);
await runWeft(["run", "--dump", "out/auto-insurance/ir", "samples/auto-insurance", ...process.argv.slice(2)]);
