#!/usr/bin/env node
/** The program `weft`. */
import * as nodeModule from "node:module";

// From Node 22.8 on, what V8 made of the program's files is kept in a folder for temporary files: it starts sooner.
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

// Which lines are the user's is told by their paths, and those depend on source maps: what is on is on from the start.
const args = process.argv.slice(2);
const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
const verbose = own.includes("--verbose") || !["", "0", undefined].includes(process.env.WEFT_DEBUG);
process.setSourceMapsEnabled(verbose);
// The user's frames lie below those of tracing.
Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50);
const { main } = await import("./program.ts");
await main(args, verbose);
