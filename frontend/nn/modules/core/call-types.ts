/** Types of init and apply, from the type of a module's `call`. */
import type { NdArray } from "../../../core/index.ts";
import type { AbstractArguments } from "../../../transforms/types.ts";
import type { Filter } from "./filters.ts";
import type { CaptureFilter } from "./state.ts";
import type { TabulateOptions } from "./summary.ts";
import type { Rngs, VariableDict, Variables } from "./tree-types.ts";

/** Any method. */
type Method = (...args: never[]) => unknown;

/** Names of a module's methods. */
export type MethodName<M> = { [K in keyof M]: M[K] extends Method ? K : never }[keyof M] & string;

/** Of a Module whose class is not known, something with any results. */
type MethodOf<M, K> = K extends keyof M
  ? M[K] extends Method
    ? M[K]
    : never
  : (...args: unknown[]) => unknown;
/** What a method gives; `call` unless told otherwise. */
export type ResultOf<M, K = "call"> = ReturnType<MethodOf<M, K>>;
export type ParametersOf<M, K = "call"> = Parameters<MethodOf<M, K>>;

/** The parameters that must be given. */
type RequiredOnly<P extends readonly unknown[]> = P extends readonly [infer First, ...infer Rest]
  ? [First, ...RequiredOnly<Rest>]
  : [];

/** Whether a parameter holds options: a plain object, not an array of either kind or a function. */
type IsOptions<T> = [T] extends [NdArray | readonly unknown[] | Method]
  ? false
  : [T] extends [object]
    ? true
    : false;

/** Parameters P with the options O merged into the trailing object of P, or behind the others. */
export type WithOptions<P extends unknown[], O> =
  | [...RequiredOnly<P>, O]
  | [...P, O]
  | (Required<P> extends [...infer Rest, infer Last]
      ? IsOptions<NonNullable<Last>> extends true
        ? [...Rest, NonNullable<Last> & O]
        : never
      : never);

interface CaptureOption {
  /** Stores results of submodules in "intermediates": of every `call` (true), or of the methods a function picks. */
  readonly captureIntermediates?: boolean | CaptureFilter;
}

/** Which method to run instead of `call`: by name, or a function that is given the bound module and the arguments. */
interface MethodOption<K> {
  readonly method: K;
}
interface NoMethod {
  readonly method?: undefined;
}

export interface InitOptions extends CaptureOption {
  /** The collections that are made and returned. Default all but "intermediates". */
  readonly mutable?: Filter;
}

export interface ApplyOptions extends CaptureOption {
  /** Keys for what draws numbers: `{ dropout: key }`. */
  readonly rngs?: Rngs | null;
  readonly mutable?: false;
  readonly captureIntermediates?: false;
}
/** The collections that may change, or those of `captureIntermediates`: apply then returns [result, changed variables]. */
export type MutatingOptions = { readonly rngs?: Rngs | null } & (
  | (CaptureOption & { readonly mutable: Filter })
  | { readonly captureIntermediates: true | CaptureFilter }
);

/** Arguments that a method takes without its options. */
type Given<P extends unknown[]> = RequiredOnly<P> | P;
/** The options among a method's parameters: its trailing object. */
type OwnOptions<P extends unknown[]> =
  Required<P> extends [...unknown[], infer Last]
    ? IsOptions<NonNullable<Last>> extends true
      ? Partial<NonNullable<Last>>
      : unknown
    : unknown;
/** The arguments of a method K with the options O and K's name; K is inferred from the latter. */
type ByName<M, K, A extends unknown[], O> = [...A, O & MethodOption<K> & OwnOptions<ParametersOf<M, K>>];
type ByFunction<M, A extends unknown[], R, O> = [...A, O & MethodOption<(module: M, ...args: A) => R>];

/**
 * What runs a module, by methods that are bound to it: `jit(model.apply)` works. (Methods in an interface, so that a
 * subclass can be passed for a Module whatever its `call` takes.)
 */
export interface RunMethods {
  /**
   * Makes the variables by running `call` on arguments, whose values matter only where `call` makes them matter:
   * `init(key, x)`, or `init({ params: key, dropout: key2 }, x)`; see `InitOptions` for what may follow.
   */
  init<K extends MethodName<this>, A extends Given<ParametersOf<this, K>>>(
    rngs: Rngs,
    ...args: ByName<this, K, A, InitOptions>
  ): VariableDict;
  init<A extends unknown[], R>(rngs: Rngs, ...args: ByFunction<this, A, R, InitOptions>): VariableDict;
  init(
    rngs: Rngs,
    ...args: ParametersOf<this> | WithOptions<ParametersOf<this>, InitOptions & NoMethod>
  ): VariableDict;

  /** As `init`: [the result of `call`, the variables]. */
  initWithOutput<K extends MethodName<this>, A extends Given<ParametersOf<this, K>>>(
    rngs: Rngs,
    ...args: ByName<this, K, A, InitOptions>
  ): [ResultOf<this, K>, VariableDict];
  initWithOutput<A extends unknown[], R>(
    rngs: Rngs,
    ...args: ByFunction<this, A, R, InitOptions>
  ): [R, VariableDict];
  initWithOutput(
    rngs: Rngs,
    ...args: ParametersOf<this> | WithOptions<ParametersOf<this>, InitOptions & NoMethod>
  ): [ResultOf<this>, VariableDict];

  /**
   * As `init`, compiled, with arrays or specs of them (`spec([32, 784])`) for arguments: what the variables do not depend on
   * is not computed.
   */
  lazyInit(rngs: Rngs, ...args: AbstractArguments<ParametersOf<this>>): VariableDict;

  /**
   * `call` with the given variables: `apply(variables, x)`, or `apply(variables, x, { rngs, mutable, method })`, where the
   * trailing object may also hold the options of `call` itself. With `mutable`, [the result, the changed collections].
   */
  apply<K extends MethodName<this>, A extends Given<ParametersOf<this, K>>>(
    variables: Variables,
    ...args: ByName<this, K, A, MutatingOptions>
  ): [ResultOf<this, K>, VariableDict];
  apply<K extends MethodName<this>, A extends Given<ParametersOf<this, K>>>(
    variables: Variables,
    ...args: ByName<this, K, A, ApplyOptions>
  ): ResultOf<this, K>;
  apply<A extends unknown[], R>(
    variables: Variables,
    ...args: ByFunction<this, A, R, MutatingOptions>
  ): [R, VariableDict];
  apply<A extends unknown[], R>(variables: Variables, ...args: ByFunction<this, A, R, ApplyOptions>): R;
  apply(
    variables: Variables,
    ...args: WithOptions<ParametersOf<this>, MutatingOptions & NoMethod>
  ): [ResultOf<this>, VariableDict];
  apply(
    variables: Variables,
    ...args: ParametersOf<this> | WithOptions<ParametersOf<this>, ApplyOptions & NoMethod>
  ): ResultOf<this>;

  /**
   * A table of the model: each submodule's path, class, inputs, outputs, floating operations and variables, and the sums
   * (`flax.linen.tabulate`): `console.log(model.tabulate(key, x))`. Nothing is computed. See `TabulateOptions` for what
   * may follow the arguments of `call`.
   */
  tabulate(
    rngs: Rngs,
    ...args: ParametersOf<this> | WithOptions<ParametersOf<this>, TabulateOptions>
  ): string;
}
