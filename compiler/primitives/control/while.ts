/** `while`: a loop that runs as long as its condition holds (jax.lax.while_loop). */
import type { Builder } from "../../graph/builder.ts";
import { Graph, type Operand, Value } from "../../graph/graph.ts";
import type { WhileParams } from "../../graph/operations.ts";
import {
  type BatchRule,
  definePrimitive,
  type JvpResult,
  type Tangent,
  type Transforms,
} from "../../graph/primitive.ts";
import { UnsupportedError, WeftTypeError } from "../../types/errors.ts";
import type { TensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { formatType } from "../typing.ts";
import { growCarry } from "./scan-derivatives.ts";
import {
  checkCarry,
  checkOperands,
  count,
  instantiate,
  nonzeroMask,
  present,
  range,
  reorder,
  scatterMask,
  select,
  typesOf,
} from "./subgraphs.ts";
import { whileCases } from "./test-cases.ts";

const NO_REVERSE_MODE =
  "Reverse-mode differentiation does not work for lax.while_loop or lax.fori_loop with dynamic start/stop values. " +
  "Try using lax.scan, or using fori_loop with static start/stop.";

/** Operands of a while, or masks over them, by role. */
function roles<T>(items: readonly T[], params: WhileParams): { cond: T[]; body: T[]; carry: T[] } {
  const { condConsts, bodyConsts } = params;
  return {
    cond: items.slice(0, condConsts),
    body: items.slice(condConsts, condConsts + bodyConsts),
    carry: items.slice(condConsts + bodyConsts),
  };
}

function infer(inputs: readonly TensorType[], params: WhileParams): TensorType[] {
  const operand = roles(inputs, params);
  checkOperands("while_loop condition", params.cond, [...operand.cond, ...operand.carry]);
  checkOperands("while_loop body", params.body, [...operand.body, ...operand.carry]);
  const results = typesOf(params.cond.outputs);
  if (results.length !== 1 || results[0].dtype !== "bool" || results[0].shape.length > 0) {
    throw new WeftTypeError(
      `cond_fun must return a boolean scalar, but got output type(s) [${results.map(formatType).join(", ")}].`,
    );
  }
  checkCarry("while_loop body function", operand.carry, typesOf(params.body.outputs));
  return [...operand.carry];
}

/** The derivative of the loop's body, for the least set of carries with tangents. */
function differentiateBody(
  params: WhileParams,
  nonzeroConsts: readonly boolean[],
  nonzeroCarry: readonly boolean[],
  transforms: Transforms,
): { carry: boolean[]; result: { graph: Graph; outNonzero: boolean[] } } {
  return growCarry(nonzeroCarry, (guess) => transforms.jvp(params.body, [...nonzeroConsts, ...guess], guess));
}

/** Tangents of the condition's consts have no effect. */
function jvp(
  b: Builder,
  primals: readonly Operand[],
  tangents: readonly Tangent[],
  params: WhileParams,
  transforms: Transforms,
): JvpResult {
  const { cond, condConsts, bodyConsts } = params;
  const primal = roles(primals, params);
  const tangent = roles(tangents, params);
  const nonzeroConsts = nonzeroMask(tangent.body);
  const { carry, result } = differentiateBody(params, nonzeroConsts, nonzeroMask(tangent.carry), transforms);
  const nc = count(nonzeroConsts);
  const nk = count(carry);
  const n = params.body.inputs.length;
  const inputs = [
    ...range(0, bodyConsts),
    ...range(n, n + nc),
    ...range(bodyConsts, n),
    ...range(n + nc, n + nc + nk),
  ];
  const m = params.body.outputs.length;
  const unread = select(primal.carry, carry).map((x) => new Value(x.type));
  const results = b.emit(
    "while",
    [
      ...primal.cond,
      ...primal.body,
      ...present(tangent.body),
      ...primal.carry,
      ...select(instantiate(tangent.carry, primal.carry), carry),
    ],
    {
      cond: new Graph(cond.name, [...cond.inputs, ...unread], cond.equations, cond.outputs),
      body: reorder(result.graph, inputs, range(0, m + nk)),
      condConsts,
      bodyConsts: bodyConsts + nc,
    },
  );
  return { outputs: results.slice(0, m), tangents: scatterMask(results.slice(m), carry) };
}

/**
 * With a predicate that differs along the batch the loop runs until every element is done, and an element that is
 * done keeps its carry. After JAX's _while_loop_batching_rule.
 */
const batch: BatchRule<WhileParams> = (b, inputs, dims, params, { size, transforms }) => {
  const operand = roles(inputs, params);
  const dim = roles(dims, params);
  const carryDims = (mask: readonly boolean[]): (number | null)[] =>
    mask.map((batched) => (batched ? 0 : null));
  const batchCond = (mask: readonly boolean[]): ReturnType<Transforms["batch"]> =>
    transforms.batch(params.cond, size, [...dim.cond, ...carryDims(mask)]);
  const batchBody = (mask: readonly boolean[]): ReturnType<Transforms["batch"]> =>
    transforms.batch(params.body, size, [...dim.body, ...carryDims(mask)], mask);
  const grown = growCarry(
    dim.carry.map((d) => d !== null),
    (guess) => {
      const result = batchBody(guess);
      return { result, outNonzero: result.outDims.map((d) => d !== null) };
    },
  );
  const all = grown.carry.map(() => true);
  const batchedPredicate = batchCond(grown.carry).outDims[0] !== null;
  const carry = batchedPredicate ? all : grown.carry;
  const init = operand.carry.map((x, i) => (carry[i] ? batchFirst(b, x, dim.carry[i], size) : x));
  const loop = batchedPredicate
    ? perElement(params, batchCond(all).graph, batchBody(all).graph, size, transforms)
    : { ...params, cond: batchCond(carry).graph, body: grown.result.result.graph };
  const consts = batchedPredicate
    ? [...operand.cond, ...operand.cond, ...operand.body]
    : [...operand.cond, ...operand.body];
  const outputs = b.emit("while", [...consts, ...init], loop);
  return { outputs, dims: carryDims(carry) };
};

function perElement(
  params: WhileParams,
  cond: Graph,
  body: Graph,
  size: number,
  transforms: Transforms,
): WhileParams {
  const { condConsts, bodyConsts } = params;
  const any = transforms.build(cond.name, typesOf(cond.inputs), (b, args) => {
    const [predicate] = b.inline(cond, args);
    return [b.one("reduce_or", [predicate], { axes: [0] })];
  });
  const types = typesOf([...cond.inputs.slice(0, condConsts), ...body.inputs]);
  const step = transforms.build(body.name, types, (b, args) => {
    const carry = args.slice(condConsts + bodyConsts);
    const [predicate] = b.inline(cond, [...args.slice(0, condConsts), ...carry]);
    const next = b.inline(body, args.slice(condConsts));
    return next.map((x, i) =>
      b.select(b.broadcastInDim(predicate, [size, ...x.type.shape.slice(1)], [0]), x, carry[i]),
    );
  });
  return { cond: any, body: step, condConsts, bodyConsts: condConsts + bodyConsts };
}

export const whileLoop = definePrimitive<WhileParams>({
  name: "while",
  infer,
  evaluate(inputs, params, context) {
    const operand = roles(inputs, params);
    let { carry } = operand;
    while (context.run(params.cond, [...operand.cond, ...carry])[0].data[0] !== 0) {
      carry = context.run(params.body, [...operand.body, ...carry]);
    }
    return carry;
  },
  jvp: (b, primals, tangents, params, { transforms }) => jvp(b, primals, tangents, params, transforms),
  /**
   * The number of iterations is not known, so residuals cannot be stacked. The linear graph runs the loop in forward
   * mode, primals and tangents; it can be run, and is an error only if it is to be transposed.
   */
  linearize({ primal, linear, transforms }, primals, tangents, params) {
    const outputs = primal.emit("while", primals, params);
    const tangent = roles(tangents, params);
    const { carry } = differentiateBody(
      params,
      nonzeroMask(tangent.body),
      nonzeroMask(tangent.carry),
      transforms,
    );
    if (!carry.includes(true)) return { outputs, tangents: outputs.map(() => null) };
    return { outputs, tangents: jvp(linear, primals, tangents, params, transforms).tangents };
  },
  transpose(b) {
    throw new UnsupportedError(NO_REVERSE_MODE, b.source);
  },
  batch,
  lower: { kind: "structure" },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  // No reverse mode: differentiated forward by tests of its own.
  test: { cases: whileCases, order: 0 },
});
