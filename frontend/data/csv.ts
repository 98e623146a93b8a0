/** Comma-separated values (RFC 4180) as rows of text. */
import { WeftTypeError, WeftValueError } from "../core/index.ts";

/** Options of `parseCsvRows`. */
export interface CsvOptions {
  /** One character between fields. Default ",". */
  readonly delimiter?: string;
  /** Lines that begin with this are left out; none by default. */
  readonly comment?: string | null;
  /** Lines to leave out at the beginning. Default 0. */
  readonly skipLines?: number;
}

/** A row and where it begins. */
export interface CsvRow {
  readonly fields: readonly string[];
  /** Of the file, counting from 1. */
  readonly line: number;
}

/**
 * The rows of a CSV text: fields between delimiters, in quotes where they hold delimiters, line breaks or quotes, which
 * are doubled there. Lines end with LF, CRLF or CR; empty lines are left out.
 *
 * Throws WeftValueError with line and column for quotes that do not end, or where something follows or precedes them.
 */
export function parseCsvRows(text: string, options: CsvOptions = {}): CsvRow[] {
  const { delimiter = ",", comment = null, skipLines = 0 } = options;
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new WeftTypeError(`CSV: the delimiter must be one character, got ${JSON.stringify(delimiter)}`);
  }
  const rows: CsvRow[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; // a byte order mark
  let line = 1;
  let lineStart = at;

  const fail = (problem: string): never => {
    throw new WeftValueError(`CSV line ${line}, column ${at - lineStart + 1}: ${problem}`);
  };
  /** Goes past a line break if there is one. */
  const lineBreak = (): boolean => {
    const c = text[at];
    if (c !== "\n" && c !== "\r") return false;
    at += c === "\r" && text[at + 1] === "\n" ? 2 : 1;
    line++;
    lineStart = at;
    return true;
  };
  const skipLine = (): void => {
    while (at < text.length && !lineBreak()) at++;
  };
  const quotedField = (): string => {
    const begun = line;
    let field = "";
    at++;
    for (;;) {
      const from = at;
      while (at < text.length && text[at] !== '"' && text[at] !== "\n" && text[at] !== "\r") at++;
      field += text.slice(from, at);
      if (at >= text.length) fail(`the quoted field that begins in line ${begun} does not end`);
      const breakAt = at;
      if (lineBreak()) {
        field += text.slice(breakAt, at);
        continue;
      }
      at++;
      if (text[at] !== '"') return field;
      field += '"';
      at++;
    }
  };
  const plainField = (): string => {
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== "\n" && text[at] !== "\r") {
      if (text[at] === '"') fail("a quote inside of a field that does not begin with one");
      at++;
    }
    return text.slice(from, at);
  };

  for (let i = 0; i < skipLines; i++) skipLine();
  while (at < text.length) {
    if (lineBreak()) continue;
    if (comment !== null && comment !== "" && text.startsWith(comment, at)) {
      skipLine();
      continue;
    }
    const begun = line;
    const fields: string[] = [];
    for (;;) {
      fields.push(text[at] === '"' ? quotedField() : plainField());
      if (text[at] === delimiter) {
        at++;
        continue;
      }
      if (at >= text.length || lineBreak()) break;
      fail(
        `expected a delimiter or the end of the line after a quoted field, found ${JSON.stringify(text[at])}`,
      );
    }
    rows.push({ fields, line: begun });
  }
  return rows;
}
