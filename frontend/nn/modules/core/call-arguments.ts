/** The trailing options of init and apply, told apart from the arguments of the method they run. */
import { isPlainObject } from "../../../tree/treedef.ts";

/**
 * As JAX's keywords: one trailing object may hold both the options of init or apply, by the names given here, and those
 * of the module's `call`, which are all others. An object without any of the names is an argument like the others.
 */
export function splitOptions<O extends object>(
  args: readonly unknown[],
  names: readonly (keyof O & string)[],
): { readonly args: unknown[]; readonly options: O } {
  const last = args.at(-1);
  const isOptions = isPlainObject(last) && names.some((name) => Object.hasOwn(last, name));
  if (!isOptions) return { args: [...args], options: {} as O };
  const options: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(last)) {
    if ((names as readonly string[]).includes(name)) options[name] = value;
    else rest[name] = value;
  }
  const others = args.slice(0, -1);
  return { args: Object.keys(rest).length === 0 ? others : [...others, rest], options: options as O };
}
