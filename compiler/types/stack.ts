/**
 * The user's source line: of each traced operation, and of what an error complains about.
 *
 * Capturing a stack is cheap in V8 (frames are kept, not formatted); formatting is not. So an operation keeps its
 * Error and the frames are parsed when somebody asks.
 */
import type { SourceLocation, SourceRef } from "./source.ts";

/** Frames captured per operation: Weft's own lie on top of the user's. */
const STACK_DEPTH = 24;
/** Frames captured for an error, which may come from deep inside nested transformations. */
export const ERROR_DEPTH = 200;

/** Captures where the user's code is now. */
export function captureSource(depth = STACK_DEPTH): SourceRef {
  return new StackSource(errorHere(depth));
}

/** An error whose stack has that many frames, whatever the program's own limit. */
function errorHere(depth: number): Error {
  const limit = Error.stackTraceLimit;
  let error: Error;
  // A frozen Error (SES) has no limit to set; then the engine's default has to do.
  try {
    Error.stackTraceLimit = depth;
    error = new Error();
    Error.stackTraceLimit = limit;
  } catch {
    error = new Error();
  }
  return error;
}

class StackSource implements SourceRef {
  #error: Error | null;
  #location: SourceLocation | null = null;
  constructor(error: Error) {
    this.#error = error;
  }
  resolve(): SourceLocation | null {
    if (this.#error !== null) {
      this.#location = userFrame(this.#error.stack ?? "");
      this.#error = null;
    }
    return this.#location;
  }
}

/** The innermost frame outside of Weft, or null. */
export function userFrame(stack: string): SourceLocation | null {
  for (const line of stack.split("\n")) {
    const frame = parseFrame(line);
    if (frame !== null && !isInternal(frame.file)) return frame;
  }
  return null;
}

/**
 * One line of a stack trace. V8: `    at fn (file:1:2)`, `    at file:1:2`, `    at async fn (file:1:2)`;
 * Firefox and Safari: `fn@file:1:2`.
 */
export function parseFrame(line: string): SourceLocation | null {
  const v8 = /^\s*at (?:async )?(?:(.*?) \()?(.+?):(\d+):(\d+)\)?\s*$/.exec(line);
  const found = v8 ?? /^(?:(.*?)@)?(.+?):(\d+):(\d+)$/.exec(line.trim());
  if (found === null) return null;
  const [, name, path, row, column] = found;
  const file = path.replace(/^file:\/\//, "");
  const functionName = name?.replace(/^(?:new |Object\.|Module\.)/, "").replace(/ \[as .*\]$/, "");
  return {
    file,
    line: Number(row),
    column: Number(column),
    ...(functionName && functionName !== "<anonymous>" ? { functionName } : {}),
  };
}

/** Where this very module is, as this engine prints it: `…/compiler/types/stack.ts`, or a bundle's file. */
function ownFile(): string {
  for (const line of (errorHere(3).stack ?? "").split("\n")) {
    const frame = parseFrame(line);
    if (frame !== null) return frame.file;
  }
  return "";
}

/** Declared cache of one: prefixes of the files that are Weft's own. Made when a stack is first read. */
let own: readonly string[] | null = null;

/** Given where this module is. */
export function ownPrefixes(file: string): readonly string[] {
  const normal = file.replaceAll("\\", "/");
  const inSources = /^(.*\/)compiler\/types\/stack\.ts$/.exec(normal);
  if (inSources !== null)
    return ["frontend/", "compiler/", "runtime/"].map((folder) => inSources[1] + folder);
  // The published package: every file of dist/ is ours.
  const inDist = /^(.*\/dist\/)(?:browser\/)?(?:chunks\/)?[^/]*$/.exec(normal);
  if (inDist !== null) return [inDist[1]];
  // The parts for pages, wherever they are served from.
  const inParts = /^(.*\/browser\/)chunks\/[^/]*$/.exec(normal);
  if (inParts !== null) return [inParts[1]];
  // In a bundle. Where the user's code is in it too, only a source map could tell the two apart, and no line is shown.
  return normal === "" ? [] : [normal];
}

function isInternal(file: string): boolean {
  if (file.startsWith("node:") || file === "native" || file === "<anonymous>") return true;
  const normal = file.replaceAll("\\", "/");
  // What calls the commands of the command line.
  if (normal.includes("/node_modules/commander/")) return true;
  own ??= ownPrefixes(ownFile());
  return own.some((prefix) => normal.startsWith(prefix));
}
