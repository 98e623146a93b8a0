// A lock between processes, so that `npm start` and `npm test` begun at the same moment do not both install.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratch, shown } from "./paths.mjs";

const POLL_MILLISECONDS = 100;
/** A lock file that is still empty after this long belongs to a process that died while making it. */
const EMPTY_IS_STALE_MILLISECONDS = 2000;

/**
 * Runs `work` while no other process runs anything under the same name. A lock whose holder is dead is taken over.
 *
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
  mkdirSync(scratch, { recursive: true });
  const file = path.join(scratch, `${name}.lock`);
  let told = false;
  while (!tryToTake(file)) {
    if (!told && holderOf(file) !== 0) {
      const holder = `process ${holderOf(file)} (if that is none of weft's, delete ${shown(file)})`;
      console.error(`weft: waiting for ${holder}`);
      told = true;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  const release = () => rmSync(file, { force: true });
  process.on("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

/** @param {string} file @returns {boolean} whether this process now holds the lock */
function tryToTake(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
  }
  if (isStale(file)) rmSync(file, { force: true });
  return false;
}

/** @param {string} file @returns {number} the process that holds the lock, 0 if none is written in it */
function holderOf(file) {
  try {
    return Number(readFileSync(file, "utf8")) || 0;
  } catch {
    return 0;
  }
}

/** @param {string} file @returns {boolean} whether the holder is gone */
function isStale(file) {
  const holder = holderOf(file);
  if (holder !== 0) return !isAlive(holder);
  try {
    return Date.now() - statSync(file).mtimeMs > EMPTY_IS_STALE_MILLISECONDS;
  } catch {
    return false; // Released just now.
  }
}

/** @param {number} pid @returns {boolean} whether there is such a process, and it runs */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}

/**
 * A killed process that nobody waits for still has its number, for ever in a container without an init.
 *
 * @param {number} pid
 * @returns {boolean}
 */
function isZombie(pid) {
  if (process.platform !== "linux") return false;
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, ""));
  } catch {
    return false;
  }
}
