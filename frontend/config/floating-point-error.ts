/** The error of debugNans and debugInfs, and what both of its backends say in it. */
import { withSource } from "../../compiler/types/errors.ts";
import type { SourceRef } from "../../compiler/types/source.ts";
import { captureSource, ERROR_DEPTH } from "../../compiler/types/stack.ts";

/** A NaN or an infinity where config.debugNans or config.debugInfs forbid it (Python's FloatingPointError in JAX). */
export class FloatingPointError extends Error {
  override name = "FloatingPointError";
  constructor(message: string, source: SourceRef | null) {
    super(withSource(message, source ?? captureSource(ERROR_DEPTH)));
  }
}

export function messageFor(invalid: "nan" | "inf", where: string): string {
  return `invalid value (${invalid}) encountered in ${where}`;
}
