/** Options that may be given to the constructor or to the call (`flax.linen.merge_param`). */
import { WeftValueError } from "../../../core/index.ts";

/** The one of the two that is given. Throws WeftValueError where none is, or both. */
export function mergeParam<T>(name: string, a: T | null | undefined, b: T | null | undefined): T {
  const [first, second] = [a ?? null, b ?? null];
  if (first === null && second === null) {
    throw new WeftValueError(`Parameter "${name}" must be passed to the constructor or at call time.`);
  }
  if (first !== null && second !== null) {
    throw new WeftValueError(
      `Parameter "${name}" was passed to the constructor and at call time. Should be passed just once.`,
    );
  }
  return (first ?? second) as T;
}
