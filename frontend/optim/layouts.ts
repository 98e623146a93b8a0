/** Parameters as one vector (optax's `transforms/_layouts.py`). */
import { WeftValueError } from "../core/index.ts";
import { ravelPytree } from "../flatten-util/index.ts";
import type { ExtraArgs, GradientTransformation } from "./base.ts";
import { arraysOf, type OptState } from "./trees.ts";

/**
 * A transformation that sees all parameters as one vector, of the dtype they promote to (`optax.flatten`). Throws
 * WeftValueError where there are none.
 */
export function flatten(inner: GradientTransformation): GradientTransformation {
  return {
    init: (params) => {
      if (arraysOf(params).length === 0) throw new WeftValueError("optim.flatten: there are no parameters");
      return inner.init(ravelPytree(params)[0]);
    },
    update<U>(updates: U, state: OptState, params?: unknown, extra: ExtraArgs = {}): [U, OptState] {
      const flat = params === undefined ? undefined : ravelPytree(params)[0];
      const [vector, unravel] = ravelPytree(updates);
      const [result, next] = inner.update(vector, state, flat, extra);
      return [unravel(result), next];
    },
  };
}
