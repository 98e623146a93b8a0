// Installs what a command needs, if it is not there. Depends on Node alone, as it runs before anything is installed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { withLock } from "./lock.mjs";
import { root, scratch } from "./paths.mjs";

/**
 * @typedef {"start" | "test"} Need `start`: what runs the samples and the CLI. `test`: everything.
 * @typedef {{ need: Need, lockHash: string, platform: string, packages: string[] }} Stamp
 * @typedef {{ version?: string, link?: boolean, dev?: boolean, devOptional?: boolean, optional?: boolean,
 *   os?: string[], cpu?: string[], libc?: string[] }} LockEntry
 */

const modules = path.join(root, "node_modules");
const lockFile = path.join(root, "package-lock.json");
const stampFile = path.join(modules, ".weft-setup");
/** Exists while npm runs. Found without npm running, it says that an install was cut off half-way. */
const busyFile = path.join(scratch, "setup.busy");
const platform = `${process.platform}-${process.arch}`;
const OLDEST_NODE = 20;

/**
 * Makes sure that the packages which `need` needs are in node_modules, in the versions of package-lock.json.
 * With nothing to do it reads three files and returns. Ends the process if npm fails.
 *
 * @param {Need} need
 */
export async function ensureInstalled(need) {
  requireNode();
  if (isInstalled(need)) return;
  await withLock("setup", () => {
    if (isInstalled(need)) return; // Another process did it while this one waited.
    if (!existsSync(busyFile) && adoptInstallByHand(need)) return;
    install(need);
  });
}

function requireNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= OLDEST_NODE) return;
  console.error(`weft: needs Node ${OLDEST_NODE} or newer, and this is Node ${process.versions.node}.`);
  process.exit(1);
}

/** @param {Need} need @returns {boolean} */
function isInstalled(need) {
  if (existsSync(busyFile)) return false;
  const stamp = readStamp();
  if (stamp === undefined || stamp.lockHash !== hashOfLock() || stamp.platform !== platform) return false;
  if (need === "test" && stamp.need !== "test") return false;
  return stamp.packages.every((folder) => existsSync(path.join(root, folder)));
}

/**
 * Someone ran `npm ci` or `npm install` by hand: if everything is there in the right version, that will do.
 *
 * @param {Need} need
 * @returns {boolean}
 */
function adoptInstallByHand(need) {
  for (const full of /** @type {Need[]} */ (["test", need])) {
    const missing = neededPackages(full).find(
      ([folder, entry]) => installedVersion(folder) !== entry.version,
    );
    if (missing !== undefined) continue;
    writeStamp(full);
    return true;
  }
  return false;
}

/** @param {Need} need */
function install(need) {
  // A full install stays a full one: `npm start` after a pull must not take the test tools away.
  const wanted = need === "test" || hasDevelopmentPackages() ? "test" : "start";
  const args = [
    "ci",
    "--ignore-scripts",
    "--include=optional",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  args.push(wanted === "start" ? "--omit=dev" : "--include=dev");
  console.error(`weft: installing ${wanted === "start" ? "what npm start needs" : "everything"} (npm ci)`);

  mkdirSync(scratch, { recursive: true });
  writeFileSync(busyFile, "");
  const started = performance.now();
  const status = runNpm(args);
  if (status !== 0) {
    console.error(
      `weft: npm ci failed (exit code ${status}). Its message is above; the next run tries again.`,
    );
    process.exit(1);
  }
  writeStamp(wanted);
  rmSync(busyFile, { force: true });
  console.error(`weft: installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/**
 * Installs what the lock file of a folder names, a package of its own that few commands need, if that is not what was
 * installed last. Ends the process if npm fails.
 *
 * @param {string} folder
 * @param {string} what is installed, in words
 */
export async function ensureFolderInstalled(folder, what) {
  const wanted = createHash("sha256")
    .update(readFileSync(path.join(folder, "package-lock.json")))
    .digest("hex");
  const stamp = path.join(folder, "node_modules/.weft-setup");
  const isCurrent = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isCurrent()) return;
  await withLock(`setup-${path.basename(folder)}`, () => {
    if (isCurrent()) return;
    console.error(`weft: installing ${what}`);
    const status = runNpm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder);
    if (status !== 0) {
      console.error(
        `weft: npm ci failed (exit code ${status}). Its message is above; the next run tries again.`,
      );
      process.exit(1);
    }
    writeFileSync(stamp, wanted);
  });
}

/** @param {string[]} args @param {string} [cwd] @returns {number} npm's exit code */
export function runNpm(args, cwd = root) {
  // Under `npm start` this is the npm that runs us; otherwise the one on the PATH.
  const running = process.env.npm_execpath;
  const own = running !== undefined && /npm-cli\.c?js$/.test(running) && existsSync(running);
  // npm's own output goes to stderr: stdout belongs to the command that was asked for.
  const options = {
    cwd,
    stdio: /** @type {import("node:child_process").StdioOptions} */ (["ignore", 2, 2]),
  };
  const result = own
    ? spawnSync(process.execPath, [running, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (result.error !== undefined) console.error(`weft: npm could not be started: ${result.error.message}`);
  return result.status ?? 1;
}

/**
 * The packages of the lock file that `need` needs on this machine.
 *
 * @param {Need} need
 * @returns {[folder: string, entry: LockEntry][]}
 */
function neededPackages(need) {
  return lockEntries().filter(([, entry]) => {
    if (entry.link) return false;
    if (need === "start" && (entry.dev || entry.devOptional)) return false;
    // Which C library this is costs time to find out; the packages that care have siblings that do not.
    return entry.libc === undefined && fits(entry.os, process.platform) && fits(entry.cpu, process.arch);
  });
}

/** @param {string[] | undefined} allowed @param {string} actual @returns {boolean} */
function fits(allowed, actual) {
  if (allowed === undefined) return true;
  if (allowed.includes(`!${actual}`)) return false;
  return allowed.includes(actual) || allowed.every((name) => name.startsWith("!"));
}

/** @returns {boolean} */
function hasDevelopmentPackages() {
  if (readStamp()?.need === "test") return true;
  return lockEntries().some(([folder, entry]) => entry.dev && existsSync(path.join(root, folder)));
}

/** @returns {[folder: string, entry: LockEntry][]} */
function lockEntries() {
  /** @type {{ packages: Record<string, LockEntry> }} */
  const lock = JSON.parse(readFileSync(lockFile, "utf8"));
  return Object.entries(lock.packages).filter(([folder]) => folder.includes("node_modules/"));
}

/** @param {string} folder @returns {string | undefined} */
function installedVersion(folder) {
  try {
    return JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")).version;
  } catch {
    return undefined;
  }
}

/** @returns {string} */
function hashOfLock() {
  return createHash("sha256").update(readFileSync(lockFile)).digest("hex");
}

/** @param {Need} need */
function writeStamp(need) {
  const packages = neededPackages(need)
    .map(([folder]) => folder)
    .filter((folder) => existsSync(path.join(root, folder)));
  writeFileSync(stampFile, JSON.stringify({ need, lockHash: hashOfLock(), platform, packages }));
}

/** @returns {Stamp | undefined} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await ensureInstalled(process.argv[2] === "start" ? "start" : "test");
}
