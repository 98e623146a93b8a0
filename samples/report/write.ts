import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { renderPage } from "./page.ts";
import type { Report } from "./sections.ts";

/**
 * Writes a report as one HTML file, making its folder if need be. A file of that name is replaced at once or, if
 * anything fails, left as it was.
 *
 * @returns the absolute path of the file
 */
export async function writeReport(file: string, report: Report): Promise<string> {
  const target = path.resolve(file);
  const page = await renderPage(report);
  const unfinished = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  await mkdir(path.dirname(target), { recursive: true });
  try {
    await writeFile(unfinished, page);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return target;
}
