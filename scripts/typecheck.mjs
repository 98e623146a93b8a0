// `npm run typecheck`.

import { ensureInstalled } from "./setup.mjs";
import { typecheck } from "./tools.mjs";

await ensureInstalled("test");
process.exitCode = typecheck();
