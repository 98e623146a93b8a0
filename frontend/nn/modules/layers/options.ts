/** What the options of layers have in common. */

import type { PrecisionOptions } from "../../../lax/precision.ts";
import { type Initializer, lecunNormal, zeros } from "../../initializers.ts";
import type { ModuleOptions } from "../core/module.ts";
import type { DTypeOptions } from "./dtypes.ts";

/** Options of layers with a kernel and a bias. */
export interface KernelOptions extends ModuleOptions, DTypeOptions, PrecisionOptions {
  /** Default true. */
  readonly useBias?: boolean;
  /** Default `lecunNormal()`. */
  readonly kernelInit?: Initializer;
  /** Default `zeros`. */
  readonly biasInit?: Initializer;
}

/** As Flax: fan-in of the last but one axis. */
export const defaultKernelInit: Initializer = lecunNormal();
export const defaultBiasInit: Initializer = zeros;

/** The options of a constructor that takes its first one by position too: `new Dense(3)`, `new Dense({ features: 3 })`. */
export function withPositional<O extends object, K extends keyof O>(
  name: K,
  first: O[K] | O,
  more: Omit<O, K>,
  isOptions: (first: O[K] | O) => first is O,
): O {
  return isOptions(first) ? first : ({ ...more, [name]: first } as unknown as O);
}

/** Whether a first argument holds all options: any object. */
export function isOptionsObject<O extends object>(first: number | O): first is O {
  return typeof first === "object";
}
