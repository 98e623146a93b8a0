/** What stands in the table for a family that a page loads from a file of its own, see `scripts/late.mjs`. */
import type { Primitive } from "../graph/primitive.ts";
import { UnsupportedError } from "../types/errors.ts";

/** Declarations, by name, that throw an error with the file to load whenever a rule of theirs is asked for. */
export function latePrimitives(file: string, names: readonly string[]): Record<string, Primitive> {
  return Object.fromEntries(names.map((name) => [name, latePrimitive(file, name)]));
}

export function latePrimitive(file: string, name: string): Primitive {
  return new Proxy({} as Primitive, {
    get() {
      throw new UnsupportedError(
        `pages load what ${name} needs from a file of its own: import "${file}.js" before this.`,
      );
    },
  });
}
