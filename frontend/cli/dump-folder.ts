/** Dumps that commands write. */
import * as fs from "node:fs";
import path from "node:path";
import { DumpDirectory } from "../inspect/dump-directory.ts";
import { dumpFolder } from "../inspect/environment.ts";
import { IrDump } from "../inspect/ir-dump.ts";
import { wantWat } from "./packages.ts";

/** A dump to `folder`, else to the folder of WEFT_DUMP, else none. With WebAssembly text if WABT is installed. */
export async function openDump(folder: string | undefined): Promise<IrDump | null> {
  const target = folder ?? dumpFolder();
  return target === null ? null : new IrDump(new DumpDirectory(target, { fs, path }), await wantWat());
}
