/** Keys of rules that are made from other rules. */

/** Declared cache: by the key of the rule that it is made from, and what is done to that. */
const made = new WeakMap<object, Map<string, object>>();

/**
 * The key of what `change` makes of the rule of a key: the same each time, so that equal graphs are known as equal, and
 * a rule that uses the function it belongs to is met again as itself.
 */
export function derivedKey(key: object, change: string): object {
  let changes = made.get(key);
  if (changes === undefined) {
    changes = new Map();
    made.set(key, changes);
  }
  let derived = changes.get(change);
  if (derived === undefined) {
    derived = {};
    changes.set(change, derived);
  }
  return derived;
}
