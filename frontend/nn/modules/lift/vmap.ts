/** Modules over an axis, with variables shared or one for each element (`flax.linen.vmap`). */
import { NdArray } from "../../../core/index.ts";
import { type Axes, flattenAxes, vmap as vmapFunction } from "../../../transforms/vmap.ts";
import * as tree from "../../../tree/index.ts";
import { axisOf, commonLength, splitKeys, type VariableAxis } from "./axes.ts";
import { type LiftOptions, lift, type ModuleClass, type ModuleFunction } from "./lift.ts";
import type { RngGroup, VariableGroup } from "./packed.ts";

/** Options of `vmap`. */
export interface LiftedVmapOptions extends LiftOptions {
  /** By collection: the axis that its variables have for the mapped one, or null where all share them. */
  readonly variableAxes?: Readonly<Record<string, VariableAxis>>;
  /** By sequence of keys: whether each element gets its own. Sequences that are not named are not passed on. */
  readonly splitRngs?: Readonly<Record<string, boolean>>;
  /** As of `vmap`, for the arguments behind the module. Default 0. */
  readonly inAxes?: Axes;
  readonly outAxes?: Axes;
  readonly axisSize?: number;
}

/**
 * A module mapped over an axis of its inputs. For an ensemble, whose members have parameters of their own:
 *
 *     const Ensemble = nn.vmap(nn.Dense, { variableAxes: { params: 0 }, splitRngs: { params: true }, inAxes: null, axisSize: 5 });
 */
export function vmap<T extends ModuleClass | ModuleFunction>(target: T, options: LiftedVmapOptions = {}): T {
  const { variableAxes = {}, splitRngs = {}, inAxes = 0, outAxes = 0, methods = ["call"] } = options;
  const filters = Object.keys(variableAxes);
  const axes = Object.values(variableAxes);
  return lift("vmap", "Vmap", target, methods, (packed, body, args) => {
    const { leaves, treedef } = tree.flatten(args);
    const each = flattenAxes("inAxes", inAxes, treedef);
    const arrays = leaves.flatMap((x, i) => (x instanceof NdArray ? [{ x, axis: each[i] }] : []));
    const groups = packed.groups(filters);
    const lengths = [
      ...arrays.flatMap(({ x, axis }) => (axis === null ? [] : [x.shape.at(axis) ?? 0])),
      ...groups.flatMap((group, i) => {
        const axis = axisOf(axes[i], "in");
        return axis === null ? [] : tree.leaves<NdArray>(group).map((x) => x.shape.at(axis) ?? 0);
      }),
    ];
    const axisSize = commonLength("batch axis sizes", lengths, options.axisSize);
    const run = (
      variables: readonly VariableGroup[],
      own: RngGroup,
      shared: RngGroup,
      values: readonly NdArray[],
    ): readonly [unknown, VariableGroup[]] => {
      const rest = values.values();
      const given = leaves.map((leaf) => (leaf instanceof NdArray ? rest.next().value : leaf));
      return packed.run(
        body,
        tree.unflatten<unknown[]>(treedef, given),
        { variables, rngs: [own, shared] },
        filters,
      );
    };
    const mapped = vmapFunction(run, {
      inAxes: [axes.map((axis) => axisOf(axis, "in")), 0, null, arrays.map(({ axis }) => axis)],
      outAxes: [outAxes, axes.map((axis) => axisOf(axis, "out"))],
      axisSize,
    }) as unknown as typeof run;
    const [output, changed] = mapped(
      groups,
      splitKeys(
        packed.rngs((name) => splitRngs[name] === true),
        axisSize,
      ),
      packed.rngs((name) => splitRngs[name] === false),
      arrays.map(({ x }) => x),
    );
    packed.publish(changed);
    return output;
  });
}
