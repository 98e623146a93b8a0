/** Transformations of some of the parameters (optax's `transforms/_masking.py`, `_combining.py`, `_freezing.py`). */
import { WeftTypeError, WeftValueError } from "../core/index.ts";
import { flatten, flattenUpTo, leafPaths, unflatten } from "../tree/tree.ts";
import { equalDefs, formatPath, type TreeDef } from "../tree/treedef.ts";
import { type ExtraArgs, type GradientTransformation, setToZero, transformation } from "./base.ts";
import type { OptState } from "./trees.ts";

/**
 * A tree of booleans of the parameters' structure, or a prefix of it: true for the leaves or subtrees to be transformed.
 * Or a function that gives one for parameters or updates.
 */
export type Mask = boolean | object | ((params: never) => unknown);

/** A tree of labels of the parameters' structure, or a prefix of it, or a function that gives one. */
export type Labels = string | object | ((params: never) => unknown);

function treeFor(tree: Mask | Labels, params: unknown): unknown {
  return typeof tree === "function" ? Reflect.apply(tree, undefined, [params]) : tree;
}

interface Prefix<L> {
  readonly leaves: readonly L[];
  readonly treedef: TreeDef;
}

/** A tree of booleans or strings, checked. */
function prefix<L>(name: string, kind: "boolean" | "string", tree: unknown): Prefix<L> {
  const { leaves, treedef } = flatten(tree);
  const wrong = leaves.findIndex((leaf) => typeof leaf !== kind);
  if (wrong >= 0) {
    throw new WeftTypeError(
      `${name}${formatPath(leafPaths(treedef)[wrong])} must be a ${kind}, got ${typeof leaves[wrong]}`,
    );
  }
  return { leaves: leaves as L[], treedef };
}

/** A tree with null, the empty tree, in place of what the mask is false for. */
function hide({ leaves, treedef }: Prefix<boolean>, name: string, tree: unknown): unknown {
  const parts = flattenUpTo(treedef, tree, name);
  return unflatten(
    treedef,
    parts.map((part, i) => (leaves[i] ? part : null)),
  );
}

/** `optax.MaskedState`. */
export interface MaskedState extends OptState {
  readonly innerState: OptState;
}

/** Options of `masked` and `partition`. */
export interface MaskedOptions {
  /** Whether extra arguments of the updates' structure are masked too. Default false. */
  readonly maskCompatibleExtraArgs?: boolean;
}

/**
 * A transformation of the parameters that the mask is true for; other updates pass unchanged (`optax.masked`). Throws
 * WeftValueError naming the path where the mask is no prefix of the parameters.
 */
export function masked(
  inner: GradientTransformation,
  mask: Mask,
  options: MaskedOptions = {},
): GradientTransformation<MaskedState> {
  const { maskCompatibleExtraArgs = false } = options;
  const maskFor = (params: unknown) => prefix<boolean>("mask", "boolean", treeFor(mask, params));
  return transformation<MaskedState>(
    ["innerState"],
    (params) => ({ innerState: inner.init(hide(maskFor(params), "params", params)) }),
    (updates, state, params, extra) => {
      const chosen = maskFor(updates);
      const [transformed, innerState] = inner.update<unknown>(
        hide(chosen, "updates", updates),
        state.innerState,
        params === undefined ? undefined : hide(chosen, "params", params),
        maskCompatibleExtraArgs ? hideExtra(chosen, updates, extra) : extra,
      );
      const old = flattenUpTo(chosen.treedef, updates, "updates");
      const fresh = flattenUpTo(chosen.treedef, transformed, "masked updates");
      const merged = chosen.leaves.map((keep, i) => (keep ? fresh[i] : old[i]));
      return [unflatten(chosen.treedef, merged), { innerState }];
    },
  );
}

function hideExtra(mask: Prefix<boolean>, updates: unknown, extra: ExtraArgs): ExtraArgs {
  const { treedef } = flatten(updates);
  return Object.fromEntries(
    Object.entries(extra).map(([name, value]) => [
      name,
      equalDefs(flatten(value).treedef, treedef) ? hide(mask, name, value) : value,
    ]),
  );
}

/** `optax.PartitionState`: a state for each label. */
export interface PartitionState extends OptState {
  readonly innerStates: Readonly<Record<string, OptState>>;
}

/**
 * A transformation for each label (`optax.partition`, or `optax.multi_transform`). Throws WeftValueError where a label
 * has none.
 *
 *     partition({ body: adam(1e-3), head: sgd(0.1) }, { body: "body", head: "head" })
 */
export function partition(
  transforms: Readonly<Record<string, GradientTransformation>>,
  paramLabels: Labels,
  options: MaskedOptions = {},
): GradientTransformation<PartitionState> {
  const groups = (params: unknown): (readonly [string, GradientTransformation<MaskedState>])[] => {
    const { leaves, treedef } = prefix<string>("paramLabels", "string", treeFor(paramLabels, params));
    const known = Object.keys(transforms).sort();
    const labels = [...new Set(leaves)].sort();
    if (!labels.every((label) => known.includes(label))) {
      throw new WeftValueError(
        "Some parameters have no corresponding transformation.\n" +
          `Parameter labels: [${labels.join(", ")}]\nTransforms keys: [${known.join(", ")}]`,
      );
    }
    return Object.entries(transforms).map(([group, tx]) => {
      const mask = unflatten(
        treedef,
        leaves.map((label) => label === group),
      );
      return [group, masked(tx, mask as Mask, options)];
    });
  };
  return transformation<PartitionState>(
    ["innerStates"],
    (params) => ({
      innerStates: Object.fromEntries(groups(params).map(([group, tx]) => [group, tx.init(params)])),
    }),
    (updates, state, params, extra) => {
      const innerStates: Record<string, OptState> = {};
      let current = updates;
      for (const [group, tx] of groups(updates)) {
        [current, innerStates[group]] = tx.update(
          current,
          state.innerStates[group] as MaskedState,
          params,
          extra,
        );
      }
      return [current, { innerStates }];
    },
  );
}

/** The older name of `partition` (`optax.multi_transform`). */
export const multiTransform = partition;

/** Updates 0 where the mask is true, the others unchanged (`optax.transforms.freeze`). */
export function freeze(mask: Mask): GradientTransformation<MaskedState> {
  return masked(setToZero(), mask);
}

/** An optimizer of what the mask is false for; the rest is not updated (`optax.transforms.selective_transform`). */
export function selectiveTransform(
  optimizer: GradientTransformation,
  options: { readonly freezeMask: Mask },
): GradientTransformation<PartitionState> {
  return partition({ train: optimizer, freeze: setToZero() }, (params: never) => {
    const { leaves, treedef } = prefix<boolean>("freezeMask", "boolean", treeFor(options.freezeMask, params));
    return unflatten(
      treedef,
      leaves.map((frozen) => (frozen ? "freeze" : "train")),
    );
  });
}
