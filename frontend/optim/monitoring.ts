/** Measurements of updates, kept in the state (optax's `transforms/_monitoring.py`). Read them by `optim.tree.get`. */
import type { ArrayLike } from "../core/index.ts";
import { type EmaOptions, type EmaState, ema } from "./accumulation.ts";
import { type GradientTransformation, stateless, transformation } from "./base.ts";
import { chain } from "./combining.ts";
import { mapTree, type OptState, zerosOf } from "./trees.ts";

/** What is measured of updates: a tree of arrays, of one structure always. */
export type Measure = (updates: unknown) => unknown;

/** `optax.SnapshotState`. */
export interface SnapshotState extends OptState {
  /** The last measurement under its name. */
  readonly measurement: Readonly<Record<string, unknown>>;
}

/** Keeps a measurement of the last updates, which pass unchanged (`optax.snapshot`). */
export function snapshot(measureName: string, measure: Measure): GradientTransformation<SnapshotState> {
  return transformation<SnapshotState>(
    ["measurement"],
    (params) => ({ measurement: { [measureName]: measure(params) } }),
    (updates) => [updates, { measurement: { [measureName]: measure(updates) } }],
  );
}

/** `optax.MonitorState`. */
export interface MonitorState extends OptState {
  readonly measurements: Readonly<Record<string, unknown>>;
  readonly measureStates: Readonly<Record<string, OptState>>;
}

/**
 * Keeps several measurements, functions of the updates or transformations whose results are (`optax.monitor`). Updates pass
 * unchanged. Before the first step the measurements are those of updates 0: optax's state has none there, and so another
 * structure than later ones.
 */
export function monitor(
  measures: Readonly<Record<string, Measure | GradientTransformation>>,
): GradientTransformation<MonitorState> {
  const all = Object.entries(measures).map(
    ([name, measure]) => [name, typeof measure === "function" ? stateless(measure) : measure] as const,
  );
  return transformation<MonitorState>(
    ["measurements", "measureStates"],
    (params) => {
      const states = all.map(([name, tx]) => [name, tx.init(params)] as const);
      const none = zerosOf(params);
      return {
        measurements: Object.fromEntries(
          all.map(([name, tx], i) => [name, zerosOf(tx.update(none, states[i][1], params)[0])]),
        ),
        measureStates: Object.fromEntries(states),
      };
    },
    (updates, state, params, extra) => {
      const results = all.map(
        ([name, tx]) => [name, tx.update(updates, state.measureStates[name], params, extra)] as const,
      );
      return [
        updates,
        {
          measurements: Object.fromEntries(results.map(([name, [measurement]]) => [name, measurement])),
          measureStates: Object.fromEntries(results.map(([name, [, next]]) => [name, next])),
        },
      ];
    },
  );
}

/** A measurement for `monitor`, averaged over steps (`optax.measure_with_ema`). */
export function measureWithEma(
  measure: Measure,
  decay: ArrayLike,
  options: EmaOptions = {},
): GradientTransformation {
  const average = ema(decay, options);
  return chain(stateless(measure), {
    ...average,
    init: (params): EmaState => average.init(mapTree((x) => x, measure(params))),
  });
}
