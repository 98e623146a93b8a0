/** Which collections, or sequences of keys, are meant (`flax.core.scope.CollectionFilter`). */
import { InvalidFilterError } from "./errors.ts";

/** Everything but what the filter names (`flax.core.DenyList`). */
export class DenyList {
  constructor(readonly deny: Filter) {}
}

/** All (true), none (false), one name, several, or all but some. */
export type Filter = boolean | string | readonly string[] | DenyList;

/** Whether a filter holds for a name. Throws InvalidFilterError for what is no filter. */
export function inFilter(filter: Filter, name: string): boolean {
  if (typeof filter === "boolean") return filter;
  if (typeof filter === "string") return filter === name;
  if (Array.isArray(filter)) return filter.includes(name);
  if (filter instanceof DenyList) return !inFilter(filter.deny, name);
  throw new InvalidFilterError(filter);
}

/** Holds where one of the two does. */
export function unionFilters(a: Filter, b: Filter): Filter {
  if (a === true || b === true) return true;
  if (a instanceof DenyList) {
    if (b instanceof DenyList) return new DenyList(namesOf(a.deny).filter((name) => inFilter(b.deny, name)));
    return new DenyList(namesOf(a.deny).filter((name) => !inFilter(b, name)));
  }
  if (b instanceof DenyList) return unionFilters(b, a);
  return [...new Set([...namesOf(a), ...namesOf(b)])];
}

/** Holds where both do. */
export function intersectFilters(a: Filter, b: Filter): Filter {
  if (a === true) return b;
  if (b === true) return a;
  if (a instanceof DenyList) {
    if (b instanceof DenyList) return new DenyList(unionFilters(a.deny, b.deny));
    return subtractFilters(b, a.deny);
  }
  if (b instanceof DenyList) return subtractFilters(a, b.deny);
  return namesOf(a).filter((name) => inFilter(b, name));
}

/** Holds where the first does and the second does not. */
export function subtractFilters(a: Filter, b: Filter): Filter {
  if (b === true) return false;
  if (a === true) return new DenyList(b);
  if (a instanceof DenyList) return new DenyList(unionFilters(a.deny, b));
  return namesOf(a).filter((name) => !inFilter(b, name));
}

/** The names of a filter that is neither true nor a DenyList. */
function namesOf(filter: Filter): readonly string[] {
  if (filter === false) return [];
  if (typeof filter === "string") return [filter];
  if (Array.isArray(filter)) return filter;
  throw new InvalidFilterError(filter);
}
