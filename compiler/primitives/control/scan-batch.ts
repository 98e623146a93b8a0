/** vmap of `scan`: the body is batched; carries are batched if they start so or become so. After JAX's _scan_batching_rule. */
import type { ScanParams } from "../../graph/operations.ts";
import type { BatchRule } from "../../graph/primitive.ts";
import { batchFirst } from "../batching.ts";
import { growCarry, roles } from "./scan-derivatives.ts";

export const scanBatch: BatchRule<ScanParams> = (b, inputs, dims, params, { size, transforms }) => {
  const { body, numCarry } = params;
  const operand = roles(inputs, params);
  const dim = roles(dims, params);
  // The loop's axis stays first, so a slice has its batch axis one earlier.
  const xs = operand.xs.map((x, i) => (dim.xs[i] === 0 ? b.moveAxis(x, 0, 1) : x));
  const sliceDims = dim.xs.map((d) => (d === null ? null : Math.max(d, 1) - 1));
  const { carry, result } = growCarry(
    dim.carry.map((d) => d !== null),
    (guess) => {
      const carryDims = guess.map((batched) => (batched ? 0 : null));
      const batched = transforms.batch(body, size, [...dim.consts, ...carryDims, ...sliceDims], guess);
      return { ...batched, outNonzero: batched.outDims.map((d) => d !== null) };
    },
  );
  const init = operand.carry.map((x, i) => (carry[i] ? batchFirst(b, x, dim.carry[i], size) : x));
  const outputs = b.emit("scan", [...operand.consts, ...init, ...xs], { ...params, body: result.graph });
  return {
    outputs,
    dims: result.outDims.map((d, i) => (d === null ? null : i < numCarry ? d : d + 1)),
  };
};
