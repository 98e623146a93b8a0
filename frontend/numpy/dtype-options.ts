/** The option that most functions which make arrays have. */
import type { DType } from "../../compiler/types/dtype.ts";
import { describeValue, NdArray, WeftTypeError } from "../core/index.ts";
import { checkDType } from "../lax/movement.ts";

/** Options of `dtypeOptions` and `indices`. */
export interface DTypeOption {
  readonly dtype?: DType;
}

/** Where JAX users write a dtype as the next argument, it stands for the options: `np.zeros(3, "int32")`. */
export type OptionsOrDType<O extends DTypeOption = DTypeOption> = O | DType;

/** The options that were given. Throws WeftTypeError for what is none, which would be ignored. */
export function dtypeOptions<O extends DTypeOption>(name: string, given: OptionsOrDType<O>): O | DTypeOption {
  if (typeof given === "string") return { dtype: checkDType(given) };
  if (typeof given === "object" && given !== null && !Array.isArray(given) && !(given instanceof NdArray))
    return given;
  throw new WeftTypeError(
    `np.${name} takes options as an object, as in { dtype: "float32" }, got ${describeValue(given)}`,
  );
}

/** A dtype by name, checked, or that of an array. */
export function dtypeOf(x: DType | NdArray): DType {
  return typeof x === "string" ? checkDType(x) : x.dtype;
}
