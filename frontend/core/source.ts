/** The user's source line of each traced operation, and how messages name a function. */
import type { SourceRef } from "../../compiler/types/source.ts";

export { captureSource, parseFrame, userFrame } from "../../compiler/types/stack.ts";

/** A function's name and where it was called from, for messages: `loss at train.ts:7:3`. */
export function describeFunction(name: string, source: SourceRef | null): string {
  const location = source?.resolve();
  return location ? `${name} at ${location.file}:${location.line}` : name;
}
