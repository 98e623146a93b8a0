/** Modules in a compiled loop (`flax.linen.scan`). */

import { tensorType } from "../../../../compiler/types/tensor-type.ts";
import { scan as scanFunction } from "../../../control/index.ts";
import { avalOf, type ShapedArray } from "../../../core/aval.ts";
import {
  describeValue,
  NdArray,
  scalarAval,
  Tracer,
  WeftTypeError,
  WeftValueError,
} from "../../../core/index.ts";
import { describeCallee } from "../../../transforms/arguments.ts";
import { traceToGraph } from "../../../transforms/trace-function.ts";
import { type Axes, flattenAxes } from "../../../transforms/vmap.ts";
import * as tree from "../../../tree/index.ts";
import type { Filter } from "../core/filters.ts";
import { axisOf, commonLength, fromFront, moveAxes, splitKeys, toFront, type VariableAxis } from "./axes.ts";
import { type LiftOptions, lift, type ModuleClass, type ModuleFunction } from "./lift.ts";
import type { Body, PackedModule, RngGroup, VariableGroup } from "./packed.ts";

/** Options of `scan`. */
export interface LiftedScanOptions extends LiftOptions {
  /** By collection: the axis along which each step has its own variables. */
  readonly variableAxes?: Readonly<Record<string, VariableAxis>>;
  /** The collections that all steps share, and that do not change. */
  readonly variableBroadcast?: Filter;
  /** The collections that are handed from step to step. */
  readonly variableCarry?: Filter;
  /** By sequence of keys: whether each step gets its own. Sequences that are not named are not passed on. */
  readonly splitRngs?: Readonly<Record<string, boolean>>;
  /** The axis of the steps in each argument behind the carry; null: each step gets all of it. Default 0. */
  readonly inAxes?: Axes;
  /** The axis of the steps in the outputs. Default 0. */
  readonly outAxes?: Axes;
  /** Number of steps; needed where nothing has an axis of them. */
  readonly length?: number;
  readonly reverse?: boolean;
  readonly unroll?: number;
}

/**
 * A loop over a module: `(carry, ...xs)` → `[carry, ys]`, compiled to one loop. A cell with the same parameters in all
 * steps, and layers with parameters of their own:
 *
 *     const Recurrent = nn.scan(nn.LSTMCell, { variableBroadcast: "params", splitRngs: { params: false } });
 *     const Layers = nn.scan(Block, { variableAxes: { params: 0 }, splitRngs: { params: true }, length: 12 });
 *
 * Of a class, its `call`; of a function `(module, carry, ...xs)`, the function.
 */
export function scan<T extends ModuleClass | ModuleFunction>(target: T, options: LiftedScanOptions = {}): T {
  const { methods = ["call"] } = options;
  return lift("scan", "Scan", target, methods, (packed, body, args) =>
    scanPacked(packed, body, args, options),
  );
}

/** What one step is given: all by the step's own slices. */
interface Step {
  readonly variables: readonly VariableGroup[];
  readonly keys: RngGroup;
  readonly xs: readonly NdArray[];
}

function scanPacked(
  packed: PackedModule,
  body: Body,
  [init, ...args]: readonly unknown[],
  options: LiftedScanOptions,
): readonly [carry: unknown, ys: unknown] {
  const { variableAxes = {}, variableBroadcast = false, variableCarry = false, splitRngs = {} } = options;
  const { inAxes = 0, outAxes = 0, reverse = false, unroll = 1 } = options;
  const filters: Filter[] = [variableBroadcast, variableCarry, ...Object.keys(variableAxes)];
  const axes = Object.values(variableAxes);
  const [broadcast, carried, ...own] = packed.groups(filters);

  const { leaves, treedef } = tree.flatten(args);
  const argAxes = flattenAxes("inAxes", inAxes, treedef);
  const isStepped = (i: number): boolean => leaves[i] instanceof NdArray && argAxes[i] !== null;
  const xs = leaves.flatMap((x, i) => (isStepped(i) ? [toFront(x as NdArray, argAxes[i] ?? 0)] : []));
  const variables = own.map((group, i) => moveAxes("variableAxes", group, stepAxis(axes[i], "in"), toFront));
  const lengths = [...xs, ...tree.leaves<NdArray>(variables)].map((x) => x.shape[0]);
  const length = commonLength("scan lengths", lengths, options.length);
  const shared = packed.rngs((name) => splitRngs[name] === false);
  const steps: Step = {
    variables,
    keys: splitKeys(
      packed.rngs((name) => splitRngs[name] === true),
      length,
    ),
    xs,
  };

  const runStep = (
    common: VariableGroup,
    handed: VariableGroup,
    carry: unknown,
    step: Step,
  ): readonly [outputs: readonly [unknown, unknown], changed: VariableGroup[]] => {
    const rest = step.xs.values();
    const given = leaves.map((leaf, i) => (isStepped(i) ? rest.next().value : leaf));
    const values = [carry, ...tree.unflatten<unknown[]>(treedef, given)];
    const groups = { variables: [common, handed, ...step.variables], rngs: [shared, step.keys] };
    const [outputs, changed] = packed.run(body, values, groups, filters);
    if (!Array.isArray(outputs) || outputs.length !== 2) {
      throw new WeftTypeError("the body of nn.scan should return [carry, output] of each step");
    }
    return [[outputs[0], outputs[1]], changed];
  };

  const common = sharedVariables(broadcast, { handed: carried, carry: init, steps }, runStep);
  const step = (
    { handed, carry }: { handed: VariableGroup; carry: unknown },
    slice: Step,
  ): readonly [unknown, { y: unknown; changed: VariableGroup[] }] => {
    const [[next, y], [, after, ...changed]] = runStep(common, handed, carry, slice);
    return [
      { handed: after, carry: next },
      { y, changed },
    ];
  };
  const [last, ys] = scanFunction(step as never, { handed: carried, carry: init }, steps, {
    length,
    reverse,
    unroll,
  }) as unknown as [{ handed: VariableGroup; carry: unknown }, { y: unknown; changed: VariableGroup[] }];
  const changed = ys.changed.map((group, i) =>
    moveAxes("variableAxes", group, stepAxis(axes[i], "out"), fromFront),
  );
  packed.publish([common, last.handed, ...changed]);
  return [last.carry, moveAxes("outAxes", ys.y, outAxes, fromFront)];
}

function stepAxis(axis: VariableAxis, way: "in" | "out"): number {
  const found = axisOf(axis, way);
  if (found === null)
    throw new WeftValueError("nn.scan: a collection that all steps share is a variableBroadcast");
  return found;
}

/**
 * The variables that all steps share, with those that the first step makes: it is traced once by itself, in a context that
 * computes what does not depend on the step. Throws WeftValueError where one of them does.
 */
function sharedVariables(
  broadcast: VariableGroup,
  first: { readonly handed: VariableGroup; readonly carry: unknown; readonly steps: Step },
  runStep: (
    common: VariableGroup,
    handed: VariableGroup,
    carry: unknown,
    step: Step,
  ) => readonly [unknown, VariableGroup[]],
): VariableGroup {
  const { leaves, treedef } = tree.flatten(first);
  const perStep = tree.leaves(first.steps).length;
  const inputs = leaves.map((x, i) => {
    const isStepped = i >= leaves.length - perStep;
    return { aval: avalOfLeaf(x, isStepped), name: isStepped ? "x" : "carry", hint: null, outer: null };
  });
  let made: VariableGroup = [];
  traceToGraph("vmap", describeCallee(runStep as never), inputs, (arrays) => {
    const given = tree.unflatten<typeof first>(treedef, arrays);
    made = runStep(broadcast, given.handed, given.carry, given.steps)[1][0];
    return [];
  });
  if (tree.leaves(made).some((x) => x instanceof Tracer && x.context.depth < 0)) {
    throw new WeftValueError("broadcasted variable has a data dependency on the scan body.");
  }
  return broadcast.map((collections, i) => ({ ...collections, ...made[i] }));
}

function avalOfLeaf(x: unknown, isStepped: boolean): ShapedArray {
  if (x instanceof NdArray)
    return isStepped ? avalOf(tensorType(x.dtype, x.shape.slice(1)), x.weakType) : x.aval;
  if (typeof x === "number" || typeof x === "boolean") return scalarAval(x);
  throw new WeftTypeError(`the carry of nn.scan should be arrays and trees of them, got ${describeValue(x)}`);
}
