// Scratch folders of one process each. What a killed process left behind, the next one sweeps away.

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { isAlive } from "./lock.mjs";
import { scratch } from "./paths.mjs";

/**
 * Runs `work` with an empty folder, which is deleted afterwards.
 *
 * @template T
 * @param {string} purpose
 * @param {(folder: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withScratchFolder(purpose, work) {
  const folder = path.join(scratch, `${purpose}-${process.pid}`);
  sweep(purpose);
  mkdirSync(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} purpose */
function sweep(purpose) {
  mkdirSync(scratch, { recursive: true });
  for (const name of readdirSync(scratch)) {
    const [, prefix, pid] = /^(.+)-(\d+)$/.exec(name) ?? [];
    if (prefix !== purpose || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    rmSync(path.join(scratch, name), { recursive: true, force: true });
  }
}
