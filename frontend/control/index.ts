/** Control flow that is compiled: lax.cond, lax.switch, lax.whileLoop, lax.foriLoop, lax.scan. */
export { cond, switchCase } from "./cond.ts";
export { foriLoop, type ScanOptions, scan } from "./scan.ts";
export { whileLoop } from "./while-loop.ts";
