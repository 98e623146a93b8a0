// `npm run lint` and `npm run format` (--fix): all files, or those named.

import { ensureInstalled } from "./setup.mjs";
import { lint } from "./tools.mjs";

await ensureInstalled("test");
const args = process.argv.slice(2);
process.exitCode = lint({ fix: args.includes("--fix"), paths: args.filter((arg) => arg !== "--fix") });
