/** Layers one after the other (`flax/linen/combinators.py`). */
import { describeValue, type NdArray, WeftTypeError, WeftValueError } from "../../../core/index.ts";
import { Module, type ModuleOptions } from "../core/module.ts";

/** A function, or a module. */
export type Layer = ((...inputs: never[]) => unknown) | { call(...inputs: never[]): unknown };

/** Options of `Sequential`. */
export interface SequentialOptions extends ModuleOptions {
  readonly layers: readonly Layer[];
}

/**
 * Each layer takes what the one before gave (`flax.linen.Sequential`); what is an array of values is spread over the next
 * one's parameters. Layers are modules and functions:
 *
 *     new nn.Sequential([new nn.Dense({ features: 4 }), nn.relu, new nn.Dense({ features: 2 })])
 *
 * Modules are named `layers_0`, `layers_2`; made inside of another module they are that one's, as in Flax (`Dense_0`).
 */
export class Sequential<Inputs extends unknown[] = [NdArray], Output = NdArray> extends Module {
  static readonly moduleName: string = "Sequential";
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[] | SequentialOptions, options: ModuleOptions = {}) {
    const isList = Array.isArray(layers);
    const all = isList ? { ...options, layers } : (layers as SequentialOptions);
    if (!Array.isArray(all?.layers)) {
      throw new WeftValueError(`'layers' must be a sequence, got '${describeValue(all?.layers)}'.`);
    }
    super(all);
    this.layers = all.layers;
  }

  call(...inputs: Inputs): Output {
    if (this.layers.length === 0) throw new WeftValueError(`Empty Sequential module ${this.name}.`);
    let values: unknown[] = inputs;
    let output: unknown;
    for (const layer of this.layers) {
      output = callLayer(layer, values);
      values = Array.isArray(output) ? output : [output];
    }
    return output as Output;
  }
}

function callLayer(layer: Layer, inputs: readonly unknown[]): unknown {
  if (typeof layer === "function") return Reflect.apply(layer, undefined, inputs);
  if (typeof layer?.call !== "function") {
    throw new WeftTypeError(`a layer should be a module or a function, got ${describeValue(layer)}`);
  }
  return Reflect.apply(layer.call, layer, inputs);
}
