/** What the functions of one module share: the encoder, helper and math functions, and the variant. */
import type { DType } from "../../types/dtype.ts";
import type { FunctionEncoder, ModuleEncoder } from "./encoder.ts";
import { HelperFunctions } from "./helpers.ts";

/** `relaxed` uses fused multiply-add and lane selection of relaxed SIMD. */
export type WasmVariant = "simd" | "relaxed";

type MakeMathFunction = (
  module: ModuleContext,
  name: string,
  dtype: DType,
  arity: number,
  parts: number,
) => FunctionEncoder;

export class ModuleContext {
  readonly encoder: ModuleEncoder;
  readonly variant: WasmVariant;
  readonly helpers: HelperFunctions;
  readonly #make: MakeMathFunction;
  readonly #mathFunctions = new Map<string, FunctionEncoder>();

  /** `makeMath` is passed in because math functions are made of the same code as kernels. */
  constructor(encoder: ModuleEncoder, variant: WasmVariant, makeMath: MakeMathFunction) {
    this.encoder = encoder;
    this.variant = variant;
    this.helpers = new HelperFunctions(encoder);
    this.#make = makeMath;
  }

  get relaxed(): boolean {
    return this.variant === "relaxed";
  }

  /** The function of the math library on `parts` vectors of each argument, made on its first use. */
  mathFunction(name: string, dtype: DType, arity: number, parts: number): FunctionEncoder {
    const key = `${name}.${dtype === "float64" ? "f64" : "f32"}.${parts}`;
    let fn = this.#mathFunctions.get(key);
    if (fn === undefined) {
      fn = this.#make(this, name, dtype, arity, parts);
      this.#mathFunctions.set(key, fn);
    }
    return fn;
  }
}
