/** Errors of the command line, and how errors of any kind are shown. */
import { inspect } from "node:util";
import { ParseError } from "../../compiler/text/parse-error.ts";
import { VerifyError } from "../../compiler/verify/index.ts";
import { parseFrame, userFrame } from "../core/source.ts";

/** `input`: the file given is wrong, or the program failed. `usage`: the command line is. */
export const EXIT = { ok: 0, input: 1, usage: 2 } as const;

/** The command line is wrong, whatever the files hold. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What was given does not fit: a file that is missing, an export that is not there. The message says all. */
export class InputError extends Error {
  override name = "InputError";
}

/** How an error is shown on stderr: its message and the user's frames, or with `verbose` everything. */
export function describeError(error: unknown, verbose: boolean): string {
  if (verbose) return inspect(error);
  if (error instanceof UsageError || error instanceof InputError) return error.message;
  // Their messages hold the place in the file.
  if (error instanceof ParseError || error instanceof VerifyError) return error.message;
  if (!(error instanceof Error)) return `thrown: ${inspect(error)}`;
  const parts = [`${error.name}: ${error.message}`, ...userFrames(error)];
  if (error instanceof AggregateError) {
    for (const each of error.errors) parts.push(indented(describeError(each, false)));
  }
  if (error.cause !== undefined) parts.push(`caused by ${describeError(error.cause, false)}`);
  return parts.join("\n");
}

/** The lines of the stack that are the user's, innermost first. */
function userFrames(error: Error): string[] {
  const { message, stack = "" } = error;
  // The message may have lines that look like frames.
  const start = stack.indexOf(message);
  const lines = (start < 0 ? stack : stack.slice(start + message.length)).split("\n").slice(1);
  const end = lines.findIndex(isBelowUser);
  return lines
    .slice(0, end < 0 ? undefined : end)
    .filter((line) => userFrame(line) !== null)
    .map(shortened);
}

/** Whether the frame belongs to what called the user's code: Node's module loader, or this program. */
function isBelowUser(line: string): boolean {
  const file = (parseFrame(line)?.file ?? "").replaceAll("\\", "/");
  return file.startsWith("node:internal/modules") || file.includes("/node_modules/commander/");
}

/** The frame with its path relative to the working directory. */
function shortened(line: string): string {
  return line.replace(`file://${process.cwd()}/`, "").replace(`${process.cwd()}/`, "");
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
