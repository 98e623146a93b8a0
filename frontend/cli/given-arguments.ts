/** Arguments of an export that a command line gives, or leaves out. */
import { ParseError } from "../../compiler/text/parse-error.ts";
import { parseArguments } from "./args-parser.ts";
import { UsageError } from "./errors.ts";
import type { ChosenExport } from "./exports.ts";

/** The arguments of --args. Throws UsageError with the column. */
export function parseGiven(text: string): unknown[] {
  try {
    return parseArguments(text);
  } catch (error) {
    if (error instanceof ParseError) throw new UsageError(error.message);
    throw error;
  }
}

/** No arguments, for a function that takes none. Throws UsageError for another. */
export function noArguments({ name, value }: ChosenExport, target: string, command: string): unknown[] {
  if (value.length === 0) return [];
  const count = `${value.length} argument${value.length === 1 ? "" : "s"}`;
  throw new UsageError(
    `${name} takes ${count}. Describe them with --args, as in\n` +
      `  weft ${command} ${target} --args '${Array.from({ length: value.length }, () => "f32[3]").join(", ")}'\n` +
      "or let the file export exampleArgs, a list of arguments",
  );
}
