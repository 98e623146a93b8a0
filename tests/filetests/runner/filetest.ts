/**
 * The format of filetests, in the manner of Cranelift's: an IR text with its expectations in `;` comments.
 *
 *   ; test COMMAND ARGUMENT…        what is tested; see commands.ts
 *   ; any other comment
 *   graph @f(…) -> (…) { … }        the text under test, parsed with its line numbers in the file
 *   ; run: @f(2.0:f32[]) == 4.0:f32[]
 *   ; error: 3:12 message           errors, each with line and column
 *   ; output:                       all that follows is the expected output
 */

/** An expectation line `; KEY: TEXT`. */
export interface Expectation {
  readonly key: "run" | "error";
  readonly text: string;
  /** Index of its line. */
  readonly line: number;
}

export interface Filetest {
  readonly name: string;
  /** The words after `; test`. */
  readonly command: string;
  readonly args: readonly string[];
  /** Everything before the expected output; `;` comments in it are the lexer's to skip. */
  readonly source: string;
  readonly expectations: readonly Expectation[];
  /** The expected output, null where the file has none. */
  readonly output: string | null;
}

/** What a command found. What it leaves out is not compared. */
export interface Outcome {
  /** Texts of the expectation lines of each key, as they should be. */
  readonly lines?: { readonly [K in Expectation["key"]]?: readonly string[] };
  readonly output?: string;
}

const OUTPUT = /^; output:[ \t]*$/m;

export function parseFiletest(name: string, text: string): Filetest {
  const output = OUTPUT.exec(text);
  const source = output === null ? text : text.slice(0, output.index);
  const commands: string[][] = [];
  const expectations: Expectation[] = [];
  for (const [line, content] of source.split("\n").entries()) {
    const command = /^; test (.+)$/.exec(content);
    if (command !== null) commands.push(command[1].trim().split(/\s+/));
    const expectation = /^; (run|error): (.*)$/.exec(content);
    if (expectation === null) continue;
    expectations.push({ key: expectation[1] === "run" ? "run" : "error", text: expectation[2].trim(), line });
  }
  if (commands.length !== 1)
    throw new Error(`${name}: needs one line "; test COMMAND", has ${commands.length}`);
  const [command, ...args] = commands[0];
  const expected = output === null ? null : text.slice(output.index + output[0].length).trim();
  return { name, command, args, source, expectations, output: expected };
}

/** The texts of a file's expectation lines of one key. */
export function expected(test: Filetest, key: Expectation["key"]): string[] {
  return test.expectations.filter((x) => x.key === key).map((x) => x.text);
}

/** The file's text with what the command found in place of what was expected: `BLESS=1`. */
export function blessedText(test: Filetest, outcome: Outcome): string {
  const lines: (string | null)[] = test.source.trimEnd().split("\n");
  for (const key of ["run", "error"] as const) {
    const found = outcome.lines?.[key];
    if (found === undefined) continue;
    const places = test.expectations.filter((x) => x.key === key).map((x) => x.line);
    const texts = found.map((text) => `; ${key}: ${text}`);
    for (const [i, place] of places.entries()) lines[place] = texts[i] ?? null;
    lines.push(...texts.slice(places.length));
  }
  const source = lines.filter((line) => line !== null).join("\n");
  return outcome.output === undefined ? `${source}\n` : `${source}\n\n; output:\n${outcome.output.trim()}\n`;
}
