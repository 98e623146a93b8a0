/** Trees as vectors (`jax.flatten_util`). */
import {
  type ArrayLike,
  asArray,
  convert,
  formatShape,
  full,
  NdArray,
  resultType,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { concatenate, reshape, sliceInDim } from "../lax/movement.ts";
import { flatten, unflatten } from "../tree/tree.ts";

/**
 * All leaves of a tree in one vector of their common dtype, and the function that makes a tree of such a vector again,
 * its leaves in their own dtypes (`jax.flatten_util.ravel_pytree`). Works under jit, grad and vmap. A tree without leaves
 * gives an empty float32 vector.
 *
 * Throws WeftTypeError for a leaf that is no array; `unravel` WeftTypeError for another dtype than that of the vector,
 * WeftValueError for another size.
 */
export function ravelPytree<T>(tree: T): [vector: NdArray, unravel: (vector: NdArray) => T] {
  const { leaves, treedef } = flatten(tree);
  const arrays = leaves.map((leaf) => asArray(leaf as ArrayLike));
  if (arrays.length === 0) {
    return [full(0, "float32", [0]), () => unflatten(treedef, []) as T];
  }
  const { dtype } = resultType(...arrays);
  const parts = arrays.map((x) => reshape(convert(x, dtype), [x.size]));
  const vector = parts.length === 1 ? parts[0] : concatenate(parts, 0);
  const { size } = vector;
  const types = arrays.map((x) => ({ dtype: x.dtype, shape: x.shape, size: x.size }));
  const unravel = (given: NdArray): T => {
    if (!(given instanceof NdArray) || given.ndim !== 1 || given.size !== size) {
      const got = given instanceof NdArray ? formatShape(given.shape) : String(given);
      throw new WeftValueError(
        `The unravel function expected an array of shape ${formatShape([size])}, got ${got}.`,
      );
    }
    if (given.dtype !== dtype && types.some((t) => t.dtype !== dtype)) {
      throw new WeftTypeError(
        `unravel function given array of dtype ${given.dtype}, but expected dtype ${dtype}`,
      );
    }
    let at = 0;
    const values = types.map((type) => {
      const part = sliceInDim(given, at, at + type.size);
      at += type.size;
      // Where all leaves have one dtype, the vector's is theirs, as in JAX.
      const own = types.every((t) => t.dtype === dtype) ? given.dtype : type.dtype;
      return convert(reshape(part, type.shape), own);
    });
    return unflatten(treedef, values) as T;
  };
  return [vector, unravel];
}
