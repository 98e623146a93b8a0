/** Values that a module hands out as it runs. */
import type { Scope } from "./scope.ts";

/** Appends a value to a variable: [], [x], [x, y]… */
const append = (values: readonly unknown[], value: unknown): readonly unknown[] => [...values, value];

/** Stores a value in a collection, if that is mutable (`flax.linen.Module.sow`); whether it was. */
export function sowInto<T, K>(
  scope: Scope,
  collection: string,
  name: string,
  value: T,
  reduce: (accumulated: K, value: T) => K = append as unknown as (accumulated: K, value: T) => K,
  init: () => K = () => [] as unknown as K,
): boolean {
  if (!scope.isMutableCollection(collection)) return false;
  let before: K;
  if (scope.hasVariable(collection, name)) before = scope.getVariable(collection, name) as K;
  else {
    scope.reserve(name, collection);
    before = init();
  }
  scope.putVariable(collection, name, reduce(before, value));
  return true;
}
