/** Source locations as comments: `// src/loss.ts:7:12 in loss`. Lossless: unusual paths and names are quoted. */
import type { SourceLocation } from "../types/source.ts";

const PLAIN = /^(?!")(\S.*):(\d{1,9}):(\d{1,9})(?: in (\S.*))?$/;
const QUOTED = /^("(?:[^"\\]|\\.)*"):(\d{1,9}):(\d{1,9})(?: in ("(?:[^"\\]|\\.)*"))?$/;

/** The text after `// `. */
export function formatSourceComment(location: SourceLocation): string {
  const place = `${location.line}:${location.column}`;
  const name = location.functionName;
  const plain = `${location.file}:${place}${name === undefined ? "" : ` in ${name}`}`;
  if (!/[\r\n]/.test(plain) && sameLocation(parseSourceComment(plain), location)) return plain;
  const quotedName = name === undefined ? "" : ` in ${JSON.stringify(name)}`;
  return `${JSON.stringify(location.file)}:${place}${quotedName}`;
}

/** The location a comment's text stands for, or null for a comment of another kind. */
export function parseSourceComment(text: string): SourceLocation | null {
  const trimmed = text.trim();
  const match = QUOTED.exec(trimmed) ?? PLAIN.exec(trimmed);
  if (match === null) return null;
  const quoted = trimmed.startsWith('"');
  const [, file, line, column, name] = match;
  const location = { file: quoted ? unquote(file) : file, line: Number(line), column: Number(column) };
  if (name === undefined) return location;
  return { ...location, functionName: quoted ? unquote(name) : name };
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

function sameLocation(a: SourceLocation | null, b: SourceLocation): boolean {
  return (
    a !== null &&
    a.file === b.file &&
    a.line === b.line &&
    a.column === b.column &&
    a.functionName === b.functionName
  );
}
