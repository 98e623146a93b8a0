/** Files that commands write: whole or not at all. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { InputError } from "./errors.ts";

/**
 * Writes files into a folder, which is made if it is not there. All are written beside their places before the first is
 * renamed into its own, so that what cannot be written leaves things as they were. Throws InputError where a file stands in
 * the place of the folder, or a folder in that of a file.
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  const made = firstMissing(path.resolve(folder));
  const there = made === null ? path.resolve(folder) : path.dirname(made);
  if (!statSync(there).isDirectory())
    throw new InputError(`${path.relative("", there)} is a file, and ${folder} is to be a folder`);
  for (const name of files.keys()) refuseFolder(path.join(folder, name));
  let staging: string | null = null;
  try {
    mkdirSync(folder, { recursive: true });
    staging = mkdtempSync(path.join(folder, ".weft-"));
    for (const [name, contents] of files) writeFileSync(path.join(staging, name), contents);
    for (const name of files.keys()) renameSync(path.join(staging, name), path.join(folder, name));
  } catch (error) {
    if (made !== null) rmSync(made, { recursive: true, force: true });
    throw error;
  } finally {
    if (staging !== null) rmSync(staging, { recursive: true, force: true });
  }
}

/** Writes one file, under the same rules. */
export function writeWhole(file: string, text: string): void {
  refuseFolder(file);
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, file);
}

function refuseFolder(file: string): void {
  if (existsSync(file) && statSync(file).isDirectory())
    throw new InputError(`${file} is a folder, and a file is to be written there`);
}

/** The topmost folder on the way to this one that is not there; null if all are. */
function firstMissing(folder: string): string | null {
  let missing: string | null = null;
  for (let at = folder; !existsSync(at) && at !== path.dirname(at); at = path.dirname(at)) missing = at;
  return missing;
}
