/** whileLoop: a loop whose end depends on what it computes. */
import { formatAval } from "../core/aval.ts";
import { WeftTypeError } from "../core/errors.ts";
import { bind } from "../core/trace.ts";
import { describeCallee } from "../transforms/arguments.ts";
import { capturedFirst, traceToGraph } from "../transforms/trace-function.ts";
import type { Result } from "../transforms/types.ts";
import { unflatten } from "../tree/tree.ts";
import { arraysOf, carryInputs, checkCarry, promoteWeakCarry } from "./carry.ts";

/**
 * Repeats `value = body(value)` while `cond(value)` holds (`jax.lax.while_loop`). Can be differentiated in forward mode
 * only: in reverse the number of steps would have to be known, as in scan and foriLoop.
 *
 * Throws WeftTypeError where cond gives no bool scalar, or body changes the value's type.
 */
export function whileLoop<T>(
  cond: (value: Result<NoInfer<T>>) => unknown,
  body: (value: Result<NoInfer<T>>) => unknown,
  init: T,
): Result<T> {
  const condCallee = describeCallee(cond);
  const bodyCallee = describeCallee(body);
  let carry = arraysOf("while_loop", bodyCallee, 0, init);
  const trace = (kind: "cond" | "body") =>
    traceToGraph(
      "while_loop",
      kind === "cond" ? condCallee : bodyCallee,
      carryInputs(
        carry.arrays.map((x) => x.aval),
        carry.tree,
        "carry",
      ),
      (arrays) => (kind === "cond" ? cond : body)(unflatten(carry.tree, arrays) as Result<T>),
    );

  let bodyTraced = trace("body");
  const promoted = promoteWeakCarry(carry.arrays, bodyTraced.outAvals);
  if (promoted !== null) {
    carry = { arrays: promoted, tree: carry.tree };
    bodyTraced = trace("body");
  }
  const condTraced = trace("cond");
  const [predicate] = condTraced.outAvals;
  if (condTraced.outTree.kind !== "leaf") {
    throw new WeftTypeError(
      "cond_fun must return a boolean scalar, but got a tree of arrays.",
      condCallee.source,
    );
  }
  if (predicate.type.dtype !== "bool" || predicate.type.shape.length > 0) {
    throw new WeftTypeError(
      `cond_fun must return a boolean scalar, but got output type ${formatAval(predicate)}. ` +
        "Compare, e.g. x.less(y), and reduce arrays with np.any or np.all.",
      condCallee.source,
    );
  }
  const avals = carry.arrays.map((x) => x.aval);
  checkCarry("while_loop", bodyCallee, carry.tree, avals, bodyTraced.outTree, bodyTraced.outAvals);

  const results = bind(
    "while",
    [...condTraced.captured, ...bodyTraced.captured, ...carry.arrays],
    {
      cond: capturedFirst(condTraced),
      body: capturedFirst(bodyTraced),
      condConsts: condTraced.captured.length,
      bodyConsts: bodyTraced.captured.length,
    },
    avals.map((a) => a.weakType),
  );
  return unflatten(carry.tree, results) as Result<T>;
}
