/**
 * What the parsers owe for any text: a ParseError with a place in the text, or an object whose verifier comes to an end;
 * and for a valid one a text that parses to the same again.
 */
import {
  ParseError,
  parseGraph,
  parseKernel,
  parseProgram,
  printGraph,
  printKernel,
  printProgram,
} from "../../../compiler/text/index.ts";
import { graphViolations, kernelViolations, programViolations } from "../../../compiler/verify/index.ts";

/** More than any of these texts should take, on a busy machine. */
const SLOW = 2000;

/** How a text came out: refused with its place, found invalid by the verifier, or valid. */
export type Outcome = "refused" | "invalid" | "valid";

export type CheckResult = { readonly outcome: Outcome } | { readonly problem: string };

export function checkText(text: string): CheckResult {
  const started = performance.now();
  const result = judge(text);
  const milliseconds = performance.now() - started;
  if (milliseconds > SLOW) return { problem: `slow: ${milliseconds.toFixed(0)} ms` };
  return result;
}

function judge(text: string): CheckResult {
  try {
    return { outcome: outcomeOf(text) };
  } catch (error) {
    if (error instanceof ParseError) {
      const wrong = misplaced(error, text);
      return wrong === null ? { outcome: "refused" } : { problem: wrong };
    }
    if (!(error instanceof Error)) return { problem: `thrown: ${String(error)}` };
    const place = error.stack?.split("\n").find((line) => /\/compiler\//.test(line)) ?? "";
    return { problem: `${error.name}: ${error.message.split("\n")[0]} ${place.trim()}` };
  }
}

function outcomeOf(text: string): Outcome {
  const word = /^(?:\s|\/\/.*|;.*)*(graph|kernel|program)\b/.exec(text)?.[1];
  if (word === "kernel") {
    const kernel = parseKernel(text);
    if (kernelViolations(kernel).length > 0) return "invalid";
    return same(printKernel(kernel), (printed) => printKernel(parseKernel(printed)));
  }
  if (word === "program") {
    const program = parseProgram(text);
    if (programViolations(program).length > 0) return "invalid";
    return same(printProgram(program), (printed) => printProgram(parseProgram(printed)));
  }
  // As `weft verify` reads it too: types may be wrong, and the verifier has to say so.
  graphViolations(parseGraph(text, "<text>", { check: false }));
  const graph = parseGraph(text);
  if (graphViolations(graph).length > 0) return "invalid";
  return same(printGraph(graph), (printed) => printGraph(parseGraph(printed)));
}

function same(printed: string, again: (text: string) => string): Outcome {
  if (again(printed) !== printed) throw new Error("what is printed parses to something else");
  return "valid";
}

function misplaced({ line, column, message }: ParseError, text: string): string | null {
  const lines = text.split("\n");
  const within =
    line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1;
  if (!within) return `a place outside of the text: ${line}:${column}`;
  return message.includes(`:${line}:${column}: `) ? null : `no place in the message: ${message}`;
}
