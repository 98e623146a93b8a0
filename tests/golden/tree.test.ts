/** tree and flattenUtil against jax.tree and jax.flatten_util. */
import { flattenUtil } from "weft";
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("tree", {
  ravel: (tree: object) => flattenUtil.ravelPytree(tree)[0],
  unravel: (tree: object) => {
    const [flat, back] = flattenUtil.ravelPytree(tree);
    return back(flat.mul(2));
  },
});
