/** Operands of np functions: dtypes promoted by JAX's lattice, shapes broadcast by NumPy's rule. */
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import { type Shape, sameShape } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  DEFAULT_FLOAT,
  DEFAULT_INT,
  describeValue,
  full,
  NdArray,
  type PromotedType,
  resultType,
  WeftTypeError,
} from "../core/index.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";

/** Throws WeftTypeError, as JAX's `check_arraylike`, for what is neither an array nor a number. */
export function checkArrayLike(name: string, ...xs: readonly unknown[]): void {
  for (const [i, x] of xs.entries()) {
    if (x instanceof NdArray || typeof x === "number" || typeof x === "boolean") continue;
    throw new WeftTypeError(
      `${name} requires ndarray or scalar arguments, got ${describeValue(x)} at position ${i}.` +
        (Array.isArray(x) ? " Make an array of a list with np.array(…)." : ""),
    );
  }
}

/** An array from an operand of the function `name`. */
export function toArray(name: string, x: ArrayLike): NdArray {
  if (x instanceof NdArray) return x;
  checkArrayLike(name, x);
  return asArray(x);
}

/** int and bool become the default float, floats stay (`dtypes.to_inexact_dtype`). */
export function inexactDType(dtype: DType): DType {
  return isFloating(dtype) ? dtype : DEFAULT_FLOAT;
}

/** bool becomes the default int. */
export function numericDType(dtype: DType): DType {
  return dtype === "bool" ? DEFAULT_INT : dtype;
}

/** An operand in the promoted dtype; numbers become constants of the target shape, so that they need no broadcast. */
function promoted(x: ArrayLike, to: PromotedType, shape: Shape | null): NdArray {
  if (!(x instanceof NdArray)) return full(Number(x), to.dtype, shape ?? [], to.weakType);
  const converted = convert(x, to.dtype, to.weakType);
  return shape === null || sameShape(converted.shape, shape) ? converted : broadcastTo(converted, shape);
}

function promoteTo(name: string, xs: readonly ArrayLike[], change: (dtype: DType) => DType): NdArray[] {
  checkArrayLike(name, ...xs);
  const common = resultType(...xs);
  const to = { dtype: change(common.dtype), weakType: common.weakType };
  const shape = broadcastShapes(...xs.map((x) => (x instanceof NdArray ? x.shape : [])));
  return xs.map((x) => promoted(x, to, shape));
}

const same = (dtype: DType): DType => dtype;

/** Operands in their common dtype and shape (`promote_args`). Throws WeftValueError where shapes do not broadcast. */
export function promoteArgs(name: string, ...xs: readonly ArrayLike[]): NdArray[] {
  return promoteTo(name, xs, same);
}

/** The same in a floating dtype (`promote_args_inexact`). */
export function promoteArgsInexact(name: string, ...xs: readonly ArrayLike[]): NdArray[] {
  return promoteTo(name, xs, inexactDType);
}

/** The same with bool as int32 (`promote_args_numeric`). */
export function promoteArgsNumeric(name: string, ...xs: readonly ArrayLike[]): NdArray[] {
  return promoteTo(name, xs, numericDType);
}

/** Operands in their common dtype, each in its own shape (`promote_dtypes`). */
export function promoteDTypes(name: string, ...xs: readonly ArrayLike[]): NdArray[] {
  checkArrayLike(name, ...xs);
  const to = resultType(...xs);
  return xs.map((x) => promoted(x, to, null));
}

/** The same in a floating dtype. */
export function promoteDTypesInexact(name: string, ...xs: readonly ArrayLike[]): NdArray[] {
  checkArrayLike(name, ...xs);
  const { dtype, weakType } = resultType(...xs);
  return xs.map((x) => promoted(x, { dtype: inexactDType(dtype), weakType }, null));
}

/** One operand as floats. */
export function inexact(name: string, x: ArrayLike): NdArray {
  const array = toArray(name, x);
  return isFloating(array.dtype) ? array : convert(array, DEFAULT_FLOAT, array.weakType);
}

/**
 * Concrete elements of an array whose values decide a shape. Throws JAX's concretization error inside `jit`, with the
 * way out.
 */
export function concreteData(x: NdArray, fix: string): globalThis.ArrayLike<number> {
  try {
    return x.dataSync();
  } catch (error) {
    if (error instanceof TypeError) error.message = `${error.message}\n${fix}`;
    throw error;
  }
}
