/** Errors of tracing, in JAX's words (jax/_src/errors.py), with the user's line and the way out. */

import { withSource } from "../../compiler/types/errors.ts";
import type { SourceRef } from "../../compiler/types/source.ts";

export {
  InternalError,
  UnsupportedError,
  WeftTypeError,
  WeftValueError,
} from "../../compiler/types/errors.ts";
export {
  DeviceLostError,
  DisposedError,
  GpuError,
  NoAdapterError,
  NotReadyError,
  OutOfMemoryError,
} from "../../runtime/errors.ts";

/** A concrete value was needed where only shape and dtype are known (`jax.errors.ConcretizationTypeError`). */
export class ConcretizationTypeError extends TypeError {
  override name = "ConcretizationTypeError";
  constructor(message: string, source: SourceRef | null = null) {
    super(withSource(message, source));
  }
}

/** A traced array was used as a condition (`jax.errors.TracerBoolConversionError`). */
export class TracerBoolConversionError extends ConcretizationTypeError {
  override name = "TracerBoolConversionError";
}

/** The elements of a traced array were asked for (`jax.errors.TracerArrayConversionError`). */
export class TracerArrayConversionError extends ConcretizationTypeError {
  override name = "TracerArrayConversionError";
}

/** A tracer was used after its trace had ended (`jax.errors.UnexpectedTracerError`). */
export class UnexpectedTracerError extends Error {
  override name = "UnexpectedTracerError";
  constructor(message: string, source: SourceRef | null = null) {
    super(withSource(message, source));
  }
}
