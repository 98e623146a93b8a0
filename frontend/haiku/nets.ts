/** Whole networks of Haiku (`haiku.nets`). */
import { type NdArray, WeftValueError } from "../core/index.ts";
import { relu } from "../nn/activations.ts";
import type { KeyLike } from "../random/index.ts";
import { PRNGSequence } from "./frame.ts";
import { dropout, Linear } from "./layers.ts";
import { Module } from "./module.ts";
import type { Initializer } from "./parameters.ts";

/** Options of `MLP`. */
export interface MLPOptions {
  readonly wInit?: Initializer | null;
  readonly bInit?: Initializer | null;
  readonly withBias?: boolean;
  /** Default `relu`. */
  readonly activation?: (x: NdArray) => NdArray;
  /** Whether the last layer too is followed by the activation. Default false. */
  readonly activateFinal?: boolean;
  readonly name?: string | null;
}

/** Linear layers with activations between them (`haiku.nets.MLP`): `mlp/~/linear_0`, `mlp/~/linear_1`, … */
export class MLP extends Module {
  static readonly moduleName: string = "MLP";
  readonly layers: readonly Linear[];

  constructor(
    readonly outputSizes: readonly number[],
    readonly options: MLPOptions = {},
  ) {
    super(options.name);
    const { wInit, bInit = null, withBias = true } = options;
    if (!withBias && bInit !== null) {
      throw new WeftValueError("When with_bias=False b_init must not be set.");
    }
    this.layers = outputSizes.map(
      (size, i) => new Linear(size, { wInit, bInit, withBias, name: `linear_${i}` }),
    );
  }

  /** With a `dropoutRate` a key is needed, and the other way round. */
  call(
    inputs: NdArray,
    {
      dropoutRate = null,
      rng = null,
    }: { readonly dropoutRate?: number | null; readonly rng?: KeyLike | null } = {},
  ): NdArray {
    if (dropoutRate !== null && rng === null) {
      throw new WeftValueError("When using dropout an rng key must be passed.");
    }
    if (dropoutRate === null && rng !== null) {
      throw new WeftValueError("RNG should only be passed when using dropout.");
    }
    const { activation = (x: NdArray) => relu(x), activateFinal = false } = this.options;
    const keys = rng === null ? null : new PRNGSequence(rng);
    let out = inputs;
    for (const [i, layer] of this.layers.entries()) {
      out = layer.call(out);
      if (i === this.layers.length - 1 && !activateFinal) continue;
      if (keys !== null && dropoutRate !== null) out = dropout(keys.next(), dropoutRate, out);
      out = activation(out);
    }
    return out;
  }
}
