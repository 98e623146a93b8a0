/** `checkify`: checks of values as values, for compiled functions too (`jax.experimental.checkify`). */
import "../numpy/methods.ts";

export * from "./checkify.ts";
export type { CheckKind } from "./conditions.ts";
export { CheckError, CheckFailedError } from "./error.ts";
