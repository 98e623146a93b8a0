/**
 * Dumps asked for by the environment: `WEFT_DUMP=DIR node program.js`. `WEFT_DUMP_EAGER=1` dumps single operations of
 * eager dispatch as well.
 */
import { DumpDirectory, type NodeModules } from "./dump-directory.ts";
import { IrDump } from "./ir-dump.ts";
import { loadWat } from "./wat.ts";
import type { CompileWatcher } from "./watch.ts";

/** A variable of the environment, or null where it is not set or there is no environment. */
function variable(name: string): string | null {
  const value = typeof process === "object" ? process.env?.[name] : undefined;
  return value === undefined || value === "" ? null : value;
}

/** The folder of WEFT_DUMP, or null. */
export function dumpFolder(): string | null {
  return variable("WEFT_DUMP");
}

/** Whether single operations are wanted in dumps. */
export function dumpsOperations(): boolean {
  return variable("WEFT_DUMP_EAGER") === "1";
}

/** The watcher that WEFT_DUMP asks for, or null. Nothing is written and no file made before the first compilation. */
export function environmentWatcher(): CompileWatcher | null {
  const folder = dumpFolder();
  if (folder === null) return null;
  let watcher: CompileWatcher | null = null;
  return (...compilation) => {
    watcher ??= startDump(folder).watcher(dumpsOperations());
    return watcher(...compilation);
  };
}

function startDump(folder: string): IrDump {
  const dump = new IrDump(new DumpDirectory(folder, nodeModules()));
  // Compilations are synchronous and loading is not: texts of modules compiled before WABT is there are written then.
  loadWat().then(
    (toWat) => dump.useWat(toWat),
    () => dump.useWat(null),
  );
  process.on("exit", () => dump.finish());
  return dump;
}

/** Without an import, which bundlers for browsers would follow. */
function nodeModules(): NodeModules {
  const load = process.getBuiltinModule;
  if (typeof load !== "function") {
    throw new Error("WEFT_DUMP needs Node 20.16 or newer; `weft run FILE --dump DIR` does not");
  }
  return { fs: load("node:fs"), path: load("node:path") };
}
