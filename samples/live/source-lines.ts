/**
 * Stack traces in the lines of the sources: Weft finds the user's line of an operation in a stack, and in one bundle its
 * own frames look like the user's. V8 lets a program write its stacks itself; in other browsers no line is shown.
 */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** Declared cache: the source maps of the bundle's files by their addresses, read when a frame first names one. */
const maps = new Map<string, TraceMap | null>();

const PLACE = /(https?:\/\/[^\s()]+):(\d+):(\d+)/;

/** Has all errors of this worker from now on tell their sources' lines, once somebody reads their stacks. */
export function useSourceLines(): void {
  Error.prepareStackTrace = (error, frames) =>
    [String(error), ...frames.map((frame) => `    at ${inSource(String(frame))}`)].join("\n");
}

/** A frame as V8 prints it, with the place in the source that its place in the bundle comes from. */
function inSource(frame: string): string {
  return frame.replace(PLACE, (place, file: string, line: string, column: string) => {
    const map = mapOf(file);
    if (map === null) return place;
    // Columns of stacks begin at 1, those of source maps at 0.
    const found = originalPositionFor(map, { line: Number(line), column: Number(column) - 1 });
    if (found.source === null) return place;
    return `${pathOf(found.source)}:${found.line}:${found.column + 1}`;
  });
}

/** Of `http://127.0.0.1:8000/samples/line-fit/model.ts` what stands in the reports written in Node. */
function pathOf(source: string): string {
  const { pathname } = new URL(source, location.href);
  return pathname.replace(/^.*\/(samples\/)/, "$1");
}

function mapOf(file: string): TraceMap | null {
  let map = maps.get(file);
  if (map === undefined) {
    map = readMap(`${file}.map`);
    maps.set(file, map);
  }
  return map;
}

/** A stack is asked for in the middle of a program, which cannot wait; a worker may. */
function readMap(url: string): TraceMap | null {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.send();
  return request.status === 200 ? new TraceMap(request.responseText, url) : null;
}
