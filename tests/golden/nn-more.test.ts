/** Further functions of nn against jax.nn: options of attention, all initializers. */
import type { DType } from "../../compiler/types/dtype.ts";
import { type NdArray, nn, type random } from "../../frontend/index.ts";
import { goldenFamily } from "../helpers/golden-family.ts";

type Make = (...args: readonly unknown[]) => nn.Initializer;

goldenFamily("nn-more", {
  /** nn.initializers[name](...args, options)(key, shape, dtype); zeros and ones are initializers themselves. */
  initialize(
    name: string,
    args: readonly unknown[],
    key: random.KeyLike,
    shape: readonly number[],
    dtype: DType,
    options: Readonly<Record<string, unknown>>,
  ): NdArray {
    if (name === "zeros" || name === "ones") return nn.initializers[name](key, shape, dtype);
    const make = Reflect.get(nn.initializers, name) as Make;
    const given = Object.keys(options).length === 0 ? args : [...args, options];
    return make(...given)(key, shape, dtype);
  },
});
