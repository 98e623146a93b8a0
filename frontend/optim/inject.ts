/** Hyperparameters in the state (optax's `schedules/_inject.py`). */
import { isFloating } from "../../compiler/types/dtype.ts";
import { type ArrayLike, asArray, NdArray, resultType } from "../core/index.ts";
import type { DType } from "../transforms/types.ts";
import {
  count0,
  type ExtraArgs,
  type GradientTransformation,
  type Schedule,
  safeIncrement,
  transformation,
} from "./base.ts";
import { arraysOf, inDtype, type OptState } from "./trees.ts";

/** A schedule with a state of its own, which sees the extra arguments of `update` (`optax.schedules.StatefulSchedule`). */
export interface StatefulSchedule<S = unknown> {
  init(): S;
  update(state: S, extra: ExtraArgs): S;
  value(state: S, extra: ExtraArgs): ArrayLike;
}

/** What the factory is given for hyperparameters H: arrays for numbers, arrays and schedules; the rest as it is. */
export type InjectedHyperparams<H> = {
  readonly [K in keyof H]: H[K] extends number | NdArray | Schedule | StatefulSchedule<never>
    ? NdArray
    : H[K];
};

/** `optax.InjectStatefulHyperparamsState`. Set `hyperparams` by `optim.tree.set(state, { learningRate: 1e-4 })`. */
export interface InjectHyperparamsState extends OptState {
  readonly count: NdArray;
  /** The values of the last step by name. */
  readonly hyperparams: Readonly<Record<string, NdArray>>;
  readonly hyperparamsStates: Readonly<Record<string, unknown>>;
  readonly innerState: OptState;
}

/** Options of `injectHyperparams`. */
export interface InjectOptions {
  /** Dtype of the hyperparameters; default the widest of the parameters' floating dtypes. */
  readonly hyperparamDtype?: DType | null;
}

/**
 * An optimizer whose hyperparameters are part of its state, where they can be read and changed; schedules are evaluated
 * into it (`optax.inject_hyperparams`). Where optax reads the names off the factory's signature, Weft takes them from
 * `hyperparams`.
 *
 *     const tx = injectHyperparams(
 *       ({ learningRate, b1 }) => adam(learningRate, { b1 }),
 *       { learningRate: cosineDecaySchedule(1e-3, 1000), b1: 0.9 },
 *     );
 *     tx.init(params).hyperparams.learningRate; // 1e-3
 */
export function injectHyperparams<const H extends Readonly<Record<string, unknown>>>(
  factory: (hyperparams: InjectedHyperparams<NoInfer<H>>) => GradientTransformation,
  hyperparams: H,
  options: InjectOptions = {},
): GradientTransformation<InjectHyperparamsState> {
  const numeric: Record<string, ArrayLike> = {};
  const scheduled: Record<string, StatefulSchedule> = {};
  const others: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(hyperparams)) {
    if (typeof value === "number" || value instanceof NdArray) numeric[name] = value;
    else if (typeof value === "function") scheduled[name] = counted(value as Schedule);
    else if (isStateful(value)) scheduled[name] = value;
    else others[name] = value;
  }

  const dtypeFor = (params: unknown): DType => options.hyperparamDtype ?? widestFloat(params);
  const inner = (values: Readonly<Record<string, NdArray>>): GradientTransformation =>
    factory({ ...others, ...values } as InjectedHyperparams<H>);
  const evaluate = (
    states: Readonly<Record<string, unknown>>,
    extra: ExtraArgs,
    dtype: DType,
  ): Record<string, NdArray> =>
    mapRecord(scheduled, (schedule, name) => hyperparam(schedule.value(states[name], extra), dtype));

  return transformation<InjectHyperparamsState>(
    ["count", "hyperparams", "hyperparamsStates", "innerState"],
    (params) => {
      const dtype = dtypeFor(params);
      const hyperparamsStates = mapRecord(scheduled, (schedule) => schedule.init());
      const values = {
        ...mapRecord(numeric, (value) => hyperparam(value, dtype)),
        ...evaluate(hyperparamsStates, {}, dtype),
      };
      return {
        count: count0(),
        hyperparams: values,
        hyperparamsStates,
        innerState: inner(values).init(params),
      };
    },
    (updates, state, params, extra) => {
      const dtype = dtypeFor(params ?? updates);
      const values = {
        ...mapRecord(state.hyperparams, (value) => hyperparam(value, dtype)),
        ...evaluate(state.hyperparamsStates, extra, dtype),
      };
      const [result, innerState] = inner(values).update(updates, state.innerState, params, extra);
      return [
        result,
        {
          count: safeIncrement(state.count),
          hyperparams: values,
          hyperparamsStates: mapRecord(scheduled, (schedule, name) =>
            schedule.update(state.hyperparamsStates[name], extra),
          ),
          innerState,
        },
      ];
    },
  );
}

function mapRecord<T, U>(
  record: Readonly<Record<string, T>>,
  f: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}

/** Numbers and weakly typed floats in the dtype; other arrays keep theirs, as in optax. */
function hyperparam(value: ArrayLike, dtype: DType): NdArray {
  return value instanceof NdArray && !(value.weakType && isFloating(value.dtype))
    ? value
    : inDtype(value, dtype);
}

function widestFloat(params: unknown): DType {
  const floats = arraysOf(params).filter((x) => isFloating(x.dtype));
  return floats.length === 0 ? "float32" : resultType(...floats).dtype;
}

/** A schedule as a stateful one: its state is the count. */
function counted(schedule: Schedule): StatefulSchedule {
  const countOf = (state: unknown): NdArray => asArray((state as { count: ArrayLike }).count);
  return {
    init: () => ({ count: count0() }),
    update: (state) => ({ count: safeIncrement(countOf(state)) }),
    value: (state) => schedule(countOf(state)),
  };
}

function isStateful(value: unknown): value is StatefulSchedule {
  const has = (name: string): boolean => typeof Reflect.get(value as object, name) === "function";
  return typeof value === "object" && value !== null && has("init") && has("update") && has("value");
}
