/** Random well-typed graphs from a seed: elementwise chains, movement, reductions, contractions, control flow. */
import { Graph, type Operand } from "../../compiler/graph/graph.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { Random } from "./random.ts";

const UNARY = ["neg", "abs", "tanh", "sin", "floor", "logistic", "exp"] as const;
const CONTINUOUS = ["neg", "abs", "tanh", "sin", "logistic"] as const;
const BINARY = ["add", "sub", "mul", "max", "min"] as const;

/** What sizes the values of a graph have. */
export interface GraphSizes {
  readonly shapes: readonly Shape[];
  /** Greatest extents of a product. */
  readonly product: readonly [m: number, k: number, n: number];
  /** Whether there are operations that jump: among many elements one is where rounding decides. */
  readonly jumps: boolean;
}

const SMALL: GraphSizes = {
  shapes: [[], [3], [5], [2, 3], [4, 5], [3, 4, 2], [1, 7], [9]],
  product: [9, 6, 9],
  jumps: true,
};

/** Beyond the sizes at which a GPU's schedules use tiles and workgroups. */
export const LARGE: GraphSizes = {
  shapes: [[], [3], [700], [7, 130], [66, 35], [5, 40, 9], [1, 1100], [300, 4]],
  product: [70, 90, 70],
  jumps: false,
};

/** Keeps values small, so that rounding differences do not grow through the graph. */
function tame(b: GraphBuilder, x: Operand): Operand {
  return b.unary("tanh", x);
}

/** x broadcast, cut or padded to a shape; the way it is done is random. */
function fit(b: GraphBuilder, x: Operand, shape: Shape, random: Random): Operand {
  const flat = b.reshape(x, [x.type.size]);
  const size = shape.reduce((n, d) => n * d, 1);
  const have = x.type.size;
  let y: Operand;
  if (have === size) y = flat;
  else if (have > size) {
    const start = random.below(have - size + 1);
    y = b.one("slice", [flat], { startIndices: [start], limitIndices: [start + size], strides: [1] });
  } else if (random.chance(0.5)) {
    const low = random.below(size - have + 1);
    y = b.one("pad", [flat, b.literal(0.5, "float32")], { paddingConfig: [[low, size - have - low, 0]] });
  } else {
    const total = b.reshape(b.sum(flat, [0]), []);
    y = b.splat(tame(b, total), [size]);
  }
  return b.reshape(y, shape);
}

function step(b: GraphBuilder, pool: Operand[], random: Random, depth: number, sizes: GraphSizes): Operand {
  const x = random.pick(pool);
  const { shape } = x.type;
  switch (random.below(13)) {
    case 0:
    case 1:
      return b.unary(random.pick(sizes.jumps ? UNARY.slice(0, 6) : CONTINUOUS), x);
    case 2:
    case 3:
      return tame(b, b.binary(random.pick(BINARY), x, fit(b, random.pick(pool), shape, random)));
    case 4: {
      const axes = shape.map((_, i) => i).filter(() => random.chance(0.5));
      const op = random.pick(["reduce_sum", "reduce_max", "reduce_min"] as const);
      return tame(b, b.one(op, [x], { axes }));
    }
    case 5: {
      const permutation = shape.map((_, i) => i).sort(() => random.next() - 0.5);
      return b.transpose(x, permutation);
    }
    case 6:
      return fit(b, x, random.pick(sizes.shapes), random);
    case 7: {
      const axes = shape.map((_, i) => i).filter(() => random.chance(0.5));
      return b.one("rev", [x], { dimensions: axes });
    }
    case 8: {
      const [mostM, mostK, mostN] = sizes.product;
      const k = 1 + random.below(mostK);
      const m = 1 + random.below(mostM);
      const n = 1 + random.below(mostN);
      const lhs = fit(b, x, [m, k], random);
      const rhs = fit(b, random.pick(pool), [k, n], random);
      const product = b.dotGeneral(lhs, rhs, {
        lhsContracting: [1],
        rhsContracting: [0],
        lhsBatch: [],
        rhsBatch: [],
        precision: null,
        preferredElementType: null,
      });
      return tame(b, product);
    }
    case 9: {
      if (shape.length === 0) return b.unary("neg", x);
      const axis = random.below(shape.length);
      return tame(b, b.one("cumsum", [x], { axis, reverse: random.chance(0.5) }));
    }
    case 10: {
      const y = fit(b, random.pick(pool), shape, random);
      // Where it goes from one side to the other, they are equal.
      if (!sizes.jumps) return b.select(b.binary("lt", x, y), y, x);
      return b.select(b.binary(random.pick(["lt", "ge"] as const), x, y), x, y);
    }
    case 11: {
      if (shape.length === 0) return b.unary("sin", x);
      const axis = random.below(shape.length);
      return b.one("concatenate", [x, b.unary("neg", x)], { dimension: axis });
    }
    default:
      return depth > 0 ? structure(b, x, pool, random, depth, sizes) : b.unary("logistic", x);
  }
}

/** A body over carry and constants that returns a value of the carry's type. */
function bodyGraph(
  types: readonly Operand[],
  result: Operand,
  random: Random,
  depth: number,
  sizes: GraphSizes,
): Graph {
  const b = new GraphBuilder();
  const inputs = types.map((x) => b.input(x.type));
  const pool: Operand[] = [...inputs];
  for (let i = 0; i < 2 + random.below(3); i++) pool.push(step(b, pool, random, depth - 1, sizes));
  const out = tame(b, fit(b, pool[pool.length - 1], result.type.shape, random));
  return b.finish("body", [out]);
}

function structure(
  b: GraphBuilder,
  x: Operand,
  pool: Operand[],
  random: Random,
  depth: number,
  sizes: GraphSizes,
): Operand {
  const constant = random.pick(pool);
  if (random.chance(0.5)) {
    const length = 1 + random.below(4);
    const inner = bodyGraph([constant, x], x, random, depth, sizes);
    const stacked = new Graph("body", inner.inputs, inner.equations, [inner.outputs[0], inner.outputs[0]]);
    const params = {
      body: stacked,
      numConsts: 1,
      numCarry: 1,
      length,
      reverse: random.chance(0.5),
      unroll: 1,
    };
    const results = b.emit("scan", [constant, x], params);
    return random.pick(results);
  }
  const branches = [0, 1, 2].map(() => bodyGraph([constant, x], x, random, depth, sizes));
  const index = b.literal(random.below(5) - 1, "int32");
  return b.emit("cond", [index, constant, x], { branches })[0];
}

/** A graph of about `size` random operations with one to three inputs and outputs. */
export function randomGraph(random: Random, size: number, sizes: GraphSizes = SMALL): Graph {
  const b = new GraphBuilder();
  const pool: Operand[] = Array.from({ length: 1 + random.below(3) }, () =>
    b.input(tensorType("float32", random.pick(sizes.shapes))),
  );
  for (let i = 0; i < size; i++) pool.push(step(b, pool, random, 2, sizes));
  const outputs = Array.from({ length: 1 + random.below(3) }, () => random.pick(pool.slice(-4)));
  return b.finish("random", outputs);
}
