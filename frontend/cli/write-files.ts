/** Files that commands write: whole or not at all. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Writes files into a folder, which is made if it is not there. All are written beside their places before the first is
 * renamed into its own, so that what cannot be written leaves things as they were.
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  const made = firstMissing(path.resolve(folder));
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

/** The topmost folder on the way to this one that is not there; null if all are. */
function firstMissing(folder: string): string | null {
  let missing: string | null = null;
  for (let at = folder; !existsSync(at) && at !== path.dirname(at); at = path.dirname(at)) missing = at;
  return missing;
}
