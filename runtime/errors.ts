/** Errors of the runtime that users meet. */
import { withSource } from "../compiler/types/errors.ts";
import { captureSource, ERROR_DEPTH } from "../compiler/types/stack.ts";

/** A use of an array after dispose(), or after it was donated to a compiled function. */
export class DisposedError extends Error {
  override name = "DisposedError";
  constructor(message: string) {
    super(withSource(message, captureSource(ERROR_DEPTH)));
  }
}

/** A use of an array whose bytes are on their way from another device. */
export class NotReadyError extends Error {
  override name = "NotReadyError";
  constructor(message: string) {
    super(withSource(message, captureSource(ERROR_DEPTH)));
  }
}

/** Thrown when there is no room for an array. JAX's wording; `advice` says what holds the memory and what to do. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
  constructor(bytes: number, advice: string) {
    super(`RESOURCE_EXHAUSTED: Out of memory while trying to allocate ${bytes} bytes. ${advice}`);
  }
}

/** What a GPU reported about a compiled function: a shader or a command that it refuses. */
export class GpuError extends Error {
  override name = "GpuError";
}

/** The GPU went away (reset, driver update, page in the background), or `destroy()` was called. Its arrays are gone. */
export class DeviceLostError extends Error {
  override name = "DeviceLostError";
  constructor(reason: string) {
    super(
      `The WebGPU device was lost: ${reason}. Arrays on it are gone. ` +
        'Ask for a new device (await device("webgpu")) and make the arrays anew.',
    );
  }
}

/** There is no WebGPU here: the message says what was tried. */
export class NoAdapterError extends Error {
  override name = "NoAdapterError";
}
