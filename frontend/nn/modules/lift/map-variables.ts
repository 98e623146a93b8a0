/** Modules whose variables are computed from those that are stored (`flax.linen.map_variables`). */

import type { Placed } from "../core/state.ts";
import type { MutableTree } from "../core/tree-types.ts";
import { type Body, PackedModule } from "./packed.ts";

export interface MapVariablesOptions {
  /** The module's collections as its methods are to see them, from those that are stored. */
  readonly transIn: (collections: MutableTree) => MutableTree;
  /** Whether this is init: the variables are made first, and stored as they are seen. */
  readonly init: boolean;
  /** Whether what the methods change is stored. Default false. */
  readonly mutable?: boolean;
}

/** Runs `body` on a bound module that sees its variables through `transIn`. */
export function mapVariables<R>(
  module: Placed,
  body: (module: Placed) => R,
  { transIn, init, mutable = false }: MapVariablesOptions,
): R {
  const packed = new PackedModule(module);
  const rngs = [packed.rngs(() => true)];
  const run = (variables: readonly MutableTree[], isMutable: boolean) =>
    packed.run(body as Body, [], { variables: [variables], rngs }, [isMutable]);
  let [stored] = packed.groups([true]);
  if (init) {
    const [, [made]] = run(stored, true);
    stored = stored.map((collections, i) => ({ ...collections, ...made[i] }));
  }
  const [output, [changed]] = run(stored.map(transIn), init || mutable);
  packed.publish([changed]);
  return output as R;
}
