/** What the verifiers report. */

import { withSource } from "../types/errors.ts";
import type { SourceRef } from "../types/source.ts";

/** One broken rule. `node` is the equation, statement or step it was found at, if it was found at one. */
export interface Violation<Node> {
  readonly message: string;
  /** The place in words: `graph @f, equation %2: f32[] = neg %1`. */
  readonly where: string;
  readonly node: Node | null;
  readonly source: SourceRef | null;
}

/** At least one violation: the compiler (or the author of an IR file) made something invalid. */
export class VerifyError extends Error {
  override name = "VerifyError";
  constructor(readonly violations: readonly Violation<object>[]) {
    super(describeViolations(violations));
  }
}

/** So many violations are written out; the rest is counted. */
const SHOWN = 20;

function describeViolations(violations: readonly Violation<object>[]): string {
  const shown = violations.slice(0, SHOWN).map((v) => withSource(`${v.message}\n  in ${v.where}`, v.source));
  const rest = violations.length > SHOWN ? [`… and ${violations.length - SHOWN} more`] : [];
  return [...shown, ...rest].join("\n");
}

/** Throws a VerifyError if there is a violation. */
export function throwViolations(violations: readonly Violation<object>[]): void {
  if (violations.length > 0) throw new VerifyError(violations);
}
