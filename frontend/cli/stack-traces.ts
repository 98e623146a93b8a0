/**
 * Stack traces with the user's lines, cheaply. Node maps every frame of a trace, and to do so parses the source maps
 * of all files on it; every traced operation's source line comes out of a trace of twenty frames, nearly all of them
 * Weft's own. Here only frames of the user's files are mapped, which is ten times as fast.
 */
import { findSourceMap } from "node:module";
import { fileURLToPath } from "node:url";

/** Where this package's bundles are, as traces name them: `file:///…/dist/`. */
const OWN_FOLDER = new URL(".", import.meta.resolve("weft")).href;

/** Source maps for files loaded from now on. With `all`, frames of Weft's own files are mapped as well, by Node. */
export function mapStackTraces(all: boolean): void {
  process.setSourceMapsEnabled(true);
  if (all) return;
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map((site) => `\n    at ${frameText(site)}`);
    return `${headerOf(error)}${frames.join("")}`;
  };
}

function headerOf(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "<error>";
  }
}

function frameText(site: NodeJS.CallSite): string {
  const text = String(site);
  const file = site.getFileName();
  const line = site.getLineNumber();
  const column = site.getColumnNumber();
  if (!file || line === null || column === null || file.startsWith("node:") || file.startsWith(OWN_FOLDER)) {
    return text;
  }
  // Both count from 0 where traces count from 1.
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1);
  if (!entry || !("originalSource" in entry)) return text;
  const source = entry.originalSource.startsWith("file:")
    ? fileURLToPath(entry.originalSource)
    : entry.originalSource;
  const place = `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  return text.replace(`${file}:${line}:${column}`, () => place);
}
