/** Names of modules and of their places. */
import { isPlainObject } from "../../../tree/treedef.ts";

/**
 * A class's name as it is written in names and tables. Bundlers may shorten or renumber names of classes: a class that
 * states its own as `static readonly moduleName` does not depend on them.
 */
export function className(instance: object): string {
  const made = instance.constructor;
  const stated: unknown = Object.hasOwn(made, "moduleName") ? Reflect.get(made, "moduleName") : null;
  return typeof stated === "string" ? stated : made.name;
}

/**
 * What a module's attribute gives its submodule for a name: that of the attribute, unless the class states another one in
 * `static readonly attributeNames`, such as Flax's `forward_rnn` for `forwardRnn`.
 */
export function attributeName(instance: object, attribute: string): string {
  const names: unknown = Reflect.get(instance.constructor, "attributeNames");
  const stated: unknown =
    typeof names === "object" && names !== null ? Reflect.get(names, attribute) : undefined;
  return typeof stated === "string" ? stated : attribute;
}

/**
 * Applies `f` to what stands in a value and in arrays and plain objects inside of it, with the name of each place:
 * `layers_0` for the first of `layers`. Containers in which nothing changes stay the same objects.
 */
export function mapPlaces(
  value: unknown,
  name: string,
  f: (value: unknown, name: string) => unknown,
): unknown {
  if (Array.isArray(value)) {
    const mapped = value.map((each, i) => mapPlaces(each, `${name}_${i}`, f));
    return mapped.every((each, i) => each === value[i]) ? value : mapped;
  }
  if (isPlainObject(value)) {
    // In the order of names, as names may be given by it.
    const keys = Object.keys(value).sort();
    const mapped = keys.map((key) => [key, mapPlaces(value[key], `${name}_${key}`, f)] as const);
    return mapped.every(([key, each]) => each === value[key]) ? value : Object.fromEntries(mapped);
  }
  return f(value, name);
}
