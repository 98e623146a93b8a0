/** Random nests of control flow, each checked against the definition of every transformation, and of two in a row. */
import { describe, test } from "node:test";
import { DeferredGraph, type Graph, type Operand } from "../compiler/graph/graph.ts";
import { GraphBuilder } from "../compiler/primitives/graph-builder.ts";
import { batchGraph, transforms, vjpGraph } from "../compiler/transforms/index.ts";
import { type TensorType, tensorType } from "../compiler/types/tensor-type.ts";
import { checkRandomBatch } from "./helpers/batch-check.ts";
import {
  checkForward,
  checkLinearize,
  checkReverse,
  gradientGraph,
  pointOf,
} from "./helpers/derivative-checks.ts";
import { build } from "./helpers/graphs.ts";
import { Random } from "./helpers/random.ts";
import { randomInputs } from "./helpers/tensors.ts";

const SCALAR = tensorType("float64", []);
const VECTOR = tensorType("float64", [2]);
const INDEX = tensorType("int32", []);

const LEAVES = ["sin", "tanh", "mul", "add", "sum", "splat", "scale"] as const;
const NESTS = ["scan", "cond", "call", "checkpoint", "customJvp"] as const;
type Nest = (typeof NESTS)[number] | "customVjp" | "while";

interface Options {
  readonly nests: readonly Nest[];
  readonly depth: number;
}

/** Grows a graph by random operations over the values made so far. */
class Grower {
  readonly b = new GraphBuilder();
  readonly pool: Operand[] = [];

  constructor(
    private readonly random: Random,
    private readonly options: Options,
  ) {}

  static graph(
    random: Random,
    options: Options,
    inputs: readonly TensorType[],
    outputs: readonly TensorType[],
  ): Graph {
    const g = new Grower(random, options);
    for (const type of inputs) g.pool.push(g.b.input(type));
    const steps = 2 + g.random.below(3);
    for (let i = 0; i < steps; i++) g.step();
    return g.b.finish(
      `g${g.random.below(100)}`,
      outputs.map((type) => g.pick(type)),
    );
  }

  /** A value of the type, the latest ones more often; made if there is none. */
  pick(type: TensorType): Operand {
    const fitting = this.pool.filter((x) => x.type === type);
    if (fitting.length > 0)
      return fitting[fitting.length - 1 - Math.floor(this.random.next() ** 2 * fitting.length)];
    if (type === INDEX)
      return this.b.convert(this.b.binary("gt", this.pick(SCALAR), this.b.literal(0.1, "float64")), "int32");
    if (type === SCALAR) {
      const vector = this.pool.find((x) => x.type === VECTOR);
      return vector === undefined ? this.b.literal(0.3, "float64") : this.b.sum(vector, [0]);
    }
    return this.b.splat(this.pick(SCALAR), type.shape);
  }

  step(): void {
    const nested = this.options.depth > 0 && this.random.chance(0.5);
    this.pool.push(
      ...(nested ? this.nest(this.random.pick(this.options.nests)) : [this.leaf(this.random.pick(LEAVES))]),
    );
  }

  leaf(kind: (typeof LEAVES)[number]): Operand {
    const type = this.random.pick([SCALAR, VECTOR]);
    switch (kind) {
      case "sum":
        return this.b.unary("tanh", this.b.sum(this.pick(VECTOR), [0]));
      case "splat":
        return this.b.splat(this.pick(SCALAR), [2]);
      case "scale":
        return this.b.mul(this.pick(type), this.b.literal(0.8, "float64", type.shape));
      // Neither grows what it is given, or a nest of loops would leave the range of finite differences.
      case "mul":
        return this.b.mul(this.b.unary("sin", this.pick(type)), this.pick(type));
      case "add":
        return this.b.mul(
          this.b.add(this.pick(type), this.pick(type)),
          this.b.literal(0.5, "float64", type.shape),
        );
      default:
        return this.b.unary(kind, this.pick(type));
    }
  }

  inner(inputs: readonly TensorType[], outputs: readonly TensorType[], nests = this.options.nests): Graph {
    return Grower.graph(this.random, { nests, depth: this.options.depth - 1 }, inputs, outputs);
  }

  types(n: number): TensorType[] {
    return Array.from({ length: n }, () => this.random.pick([SCALAR, VECTOR]));
  }

  operands(types: readonly TensorType[]): Operand[] {
    return types.map((type) => this.pick(type));
  }

  nest(kind: Nest): readonly Operand[] {
    const inputs = this.types(1 + this.random.below(3));
    const outputs = this.types(1 + this.random.below(2));
    switch (kind) {
      case "call":
        return this.b.emit("call", this.operands(inputs), { graph: this.inner(inputs, outputs), name: "f" });
      case "checkpoint":
        return this.b.emit("checkpoint", this.operands(inputs), { graph: this.inner(inputs, outputs) });
      case "cond": {
        const branches = Array.from({ length: 2 + this.random.below(2) }, () => this.inner(inputs, outputs));
        return this.b.emit("cond", [this.pick(INDEX), ...this.operands(inputs)], { branches });
      }
      case "customJvp":
        return this.customJvp(inputs, outputs);
      case "customVjp":
        return this.customVjp(inputs, outputs);
      case "while":
        return this.while(inputs, outputs);
      case "scan":
        return this.scan(inputs, outputs);
    }
  }

  /** The true derivative as the rule. A rule inside may not be reverse only. */
  customJvp(inputs: readonly TensorType[], outputs: readonly TensorType[]): readonly Operand[] {
    const graph = this.inner(inputs, outputs, NESTS);
    const all = (types: readonly TensorType[]): boolean[] => types.map(() => true);
    const jvp = new DeferredGraph({}, () => transforms.jvp(graph, all(inputs), all(outputs)).graph);
    return this.b.emit("custom_jvp_call", this.operands(inputs), { graph, jvp, name: "f" });
  }

  customVjp(inputs: readonly TensorType[], outputs: readonly TensorType[]): readonly Operand[] {
    const nests = this.options.nests.filter((nest) => nest !== "while");
    const graph = this.inner(inputs, outputs, nests);
    const nonzero = inputs.map(() => true);
    const vjp = vjpGraph(graph, nonzero);
    const backward = build(
      [...vjp.forward.outputs.slice(outputs.length).map((x) => x.type), ...outputs],
      (b, args) => {
        const residuals = args.slice(0, vjp.residuals);
        const cotangents = args.slice(vjp.residuals).filter((_, i) => vjp.outNonzero[i]);
        return b.inline(vjp.backward, [...residuals, ...cotangents]);
      },
    );
    return this.b.emit("custom_vjp_call", this.operands(inputs), {
      graph,
      forward: new DeferredGraph({}, () => vjp.forward),
      backward: new DeferredGraph({}, () => backward),
      name: "f",
    });
  }

  /** Runs as many iterations as an operand says, at most a few. */
  while(consts: readonly TensorType[], carry: readonly TensorType[]): readonly Operand[] {
    const body = this.inner([...consts, ...carry], carry);
    const counted = build([...consts, INDEX, INDEX, ...carry], (b, args) => {
      const [i, n] = args.slice(consts.length);
      const rest = args.slice(consts.length + 2);
      return [
        b.add(i, b.literal(1, "int32")),
        n,
        ...b.inline(body, [...args.slice(0, consts.length), ...rest]),
      ];
    });
    const cond = build([INDEX, INDEX, ...carry], (b, [i, n]) => [b.binary("lt", i, n)]);
    const limit = this.b.binary("add", this.pick(INDEX), this.b.literal(this.random.below(2), "int32"));
    const operands = [...this.operands(consts), this.b.literal(0, "int32"), limit, ...this.operands(carry)];
    return this.b.emit("while", operands, { cond, body: counted, condConsts: 0, bodyConsts: consts.length });
  }

  scan(consts: readonly TensorType[], carry: readonly TensorType[]): readonly Operand[] {
    const length = this.random.below(4);
    const ys = this.types(this.random.below(2));
    const xs = this.types(this.random.below(2));
    const counter = this.random.chance(0.3) ? [INDEX] : [];
    const all = [...counter, ...carry];
    const body = this.inner([...consts, ...all, ...xs], [...all, ...ys]);
    const stacked = xs.map((type) => {
      const shape = [length, ...type.shape];
      const kept = type.shape.map((_, i) => i + 1);
      return this.b.mul(
        this.b.broadcastInDim(this.pick(type), shape, kept),
        this.b.unary("sin", this.b.iota("float64", shape, 0)),
      );
    });
    const operands = [...this.operands(consts), ...this.operands(all), ...stacked];
    const results = this.b.emit("scan", operands, {
      body,
      numConsts: consts.length,
      numCarry: all.length,
      length,
      reverse: this.random.chance(0.5),
      unroll: 1,
    });
    return results.map((y, i) => (i < all.length ? y : this.b.sum(this.b.unary("sin", y), [0])));
  }
}

function grow(seed: number, nests: readonly Nest[], depth: number): { graph: Graph; random: Random } {
  const random = new Random(seed);
  const graph = Grower.graph(random, { nests, depth }, [SCALAR, VECTOR, VECTOR], [VECTOR, SCALAR]);
  return { graph, random };
}

function seeds(n: number, check: (seed: number) => void): void {
  for (let seed = 0; seed < n; seed++) {
    try {
      check(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

const ALL: readonly Nest[] = [...NESTS, "customVjp", "while"];

describe("random nests", () => {
  test("jvp agrees with finite differences", () => {
    seeds(120, (seed) => {
      const { graph, random } = grow(seed, [...NESTS, "while"], 2);
      checkForward(pointOf(graph, randomInputs(graph, random), random));
    });
  });

  test("linearize agrees with finite differences", () => {
    seeds(120, (seed) => {
      const { graph, random } = grow(1000 + seed, [...NESTS, "while"], 2);
      checkLinearize(pointOf(graph, randomInputs(graph, random), random));
    });
  });

  test("the transpose is the adjoint", () => {
    seeds(120, (seed) => {
      const { graph, random } = grow(2000 + seed, [...NESTS, "customVjp"], 2);
      checkReverse(pointOf(graph, randomInputs(graph, random), random), random);
    });
  });

  test("vmap is a loop", () => {
    seeds(120, (seed) => {
      const { graph, random } = grow(3000 + seed, ALL, 2);
      checkRandomBatch(graph, random);
    });
  });

  test("forward over reverse", () => {
    seeds(60, (seed) => {
      const { graph, random } = grow(4000 + seed, NESTS, 2);
      checkForward(pointOf(gradientGraph(graph), randomInputs(graph, random), random));
    });
  });

  test("reverse over reverse", () => {
    seeds(60, (seed) => {
      const { graph, random } = grow(5000 + seed, NESTS, 2);
      checkReverse(pointOf(gradientGraph(graph), randomInputs(graph, random), random), random);
    });
  });

  test("reverse over forward", () => {
    seeds(60, (seed) => {
      const { graph, random } = grow(6000 + seed, NESTS, 2);
      const jvp = transforms.jvp(graph, [true, true, true]).graph;
      checkReverse(pointOf(jvp, randomInputs(jvp, random), random), random);
    });
  });

  test("vmap of grad", () => {
    seeds(60, (seed) => {
      const { graph, random } = grow(7000 + seed, [...NESTS, "customVjp"], 2);
      checkRandomBatch(gradientGraph(graph), random);
    });
  });

  test("vmap of a linear graph", () => {
    seeds(60, (seed) => {
      const { graph, random } = grow(8000 + seed, NESTS, 2);
      const { linear } = transforms.linearize(graph, [true, true, true]);
      checkRandomBatch(linear, random);
    });
  });

  test("grad of vmap", () => {
    seeds(60, (seed) => {
      const { graph, random } = grow(9000 + seed, [...NESTS, "customVjp"], 2);
      const batched = batchGraph(graph, 3, [0, null, 1]).graph;
      checkReverse(pointOf(batched, randomInputs(batched, random), random), random);
    });
  });

  test("vmap of jvp of vmap", () => {
    seeds(30, (seed) => {
      const { graph, random } = grow(10000 + seed, [...NESTS, "while"], 2);
      const batched = batchGraph(graph, 2, [0, null, 1]).graph;
      checkRandomBatch(transforms.jvp(batched, [true, true, true]).graph, random);
    });
  });
});
