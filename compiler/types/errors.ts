/**
 * Errors that name the user's line: that of the equation they are about, or else of the call that failed. Wording
 * follows JAX where JAX has the error.
 */
import { formatSource, type SourceRef } from "./source.ts";
import { captureSource, ERROR_DEPTH } from "./stack.ts";

/** Adds the user's line to a message, where it is known. */
export function withSource(message: string, source: SourceRef | null | undefined): string {
  const location = source?.resolve();
  return location
    ? `${message}\n  at ${formatSource(location)} (${location.file}:${location.line}:${location.column})`
    : message;
}

/** A shape, dtype or structure that does not fit. JAX raises TypeError for these. */
export class WeftTypeError extends TypeError {
  override name = "WeftTypeError";
  constructor(message: string, source: SourceRef | null = captureSource(ERROR_DEPTH)) {
    super(withSource(message, source));
  }
}

/** A value out of its domain: an axis out of range, a wrong parameter. JAX raises ValueError. */
export class WeftValueError extends RangeError {
  override name = "WeftValueError";
  constructor(message: string, source: SourceRef | null = captureSource(ERROR_DEPTH)) {
    super(withSource(message, source));
  }
}

/** Something this program cannot do, with the reason and the way round it. JAX raises NotImplementedError. */
export class UnsupportedError extends Error {
  override name = "UnsupportedError";
  constructor(message: string, source: SourceRef | null = captureSource(ERROR_DEPTH)) {
    super(withSource(message, source));
  }
}

/** A broken invariant inside the compiler: always a bug of ours. */
export class InternalError extends Error {
  override name = "InternalError";
  constructor(message: string, source: SourceRef | null = captureSource(ERROR_DEPTH)) {
    super(withSource(`internal: ${message}. This is a bug in Weft, please report it.`, source));
  }
}
