#!/usr/bin/env node
/** The program `weft`. */

// Before anything else is loaded: which lines are the user's is told by the paths that source maps give.
process.setSourceMapsEnabled(true);
// The user's frames lie below those of tracing.
Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50);
const { main } = await import("./program.ts");
await main(process.argv.slice(2));

export {};
