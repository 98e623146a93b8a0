/**
 * The two builders of linearisation. There is no partial evaluation: an equation's jvp rule runs with a builder that
 * sends what depends on a tangent to the linear graph and all else to the primal graph. A primal value used in the
 * linear graph becomes an input of it by itself: a residual.
 */
import { Builder } from "../graph/builder.ts";
import { type Equation, Graph, type Operand, Value } from "../graph/graph.ts";
import type { PrimitiveName } from "../graph/names.ts";
import type { PrimitiveParams } from "../graph/operations.ts";
import { OwnNames } from "../graph/own-names.ts";
import { needed } from "../primitives/control/subgraphs.ts";
import { appendEquation, type GraphBuilder, inlineInto } from "../primitives/graph-builder.ts";

/**
 * Operations that are not kept but made again in the linear graph: they hold no information beyond their operands,
 * and a residual that a loop stacks would otherwise be far larger than what it came from.
 */
const REMADE: ReadonlySet<PrimitiveName> = new Set(["iota", "constant", "broadcast_in_dim"]);

/** Builds the linear graph; every operation emitted here goes there, whatever its operands. */
export class LinearBuilder extends Builder {
  readonly #equations: Equation[] = [];
  readonly #names = new OwnNames();
  readonly #tangents: Value[] = [];
  readonly #residuals = new Map<Value, Value>();
  /** What each primal value is called in the linear graph. */
  readonly #lifted = new Map<Value, Value>();
  readonly #owned = new Set<Operand>();
  readonly #producers = new Map<Value, Equation>();
  #indexed = 0;

  constructor(private readonly primal: GraphBuilder) {
    super();
  }

  tangentInput(like: Value, hint: string | null): Value {
    const value = new Value(like.type, this.#names.take(hint));
    this.#tangents.push(value);
    this.#owned.add(value);
    return value;
  }

  owns(x: Operand): boolean {
    return this.#owned.has(x);
  }

  override emit<N extends PrimitiveName>(
    name: N,
    inputs: readonly Operand[],
    params: PrimitiveParams[N],
  ): readonly Operand[] {
    const lifted = inputs.map((x) => this.lift(x));
    return this.#own(appendEquation(this.#equations, name, lifted, params, this.source));
  }

  override inline(graph: Graph, inputs: readonly Operand[]): readonly Operand[] {
    const from = this.#equations.length;
    const lifted = inputs.map((x) => this.lift(x));
    const outputs = inlineInto(this.#equations, graph, lifted);
    for (const equation of this.#equations.slice(from)) this.#own(equation.outputs);
    return outputs;
  }

  #own<T extends readonly Operand[]>(values: T): T {
    for (const v of values) this.#owned.add(v);
    return values;
  }

  /** The operand as the linear graph knows it. */
  lift(x: Operand): Operand {
    if (!(x instanceof Value) || this.#owned.has(x)) return x;
    const known = this.#lifted.get(x);
    if (known !== undefined) return known;
    const lifted = this.#remake(x) ?? this.#residual(x);
    this.#lifted.set(x, lifted);
    this.#owned.add(lifted);
    return lifted;
  }

  #residual(x: Value): Value {
    const input = new Value(x.type, this.#names.take(x.hint));
    this.#residuals.set(x, input);
    return input;
  }

  #remake(x: Value): Value | null {
    const { equations } = this.primal;
    for (; this.#indexed < equations.length; this.#indexed++) {
      const equation = equations[this.#indexed];
      for (const v of equation.outputs) this.#producers.set(v, equation);
    }
    const producer = this.#producers.get(x);
    if (producer === undefined || !REMADE.has(producer.op)) return null;
    const output = new Value(x.type, x.hint);
    const inputs = producer.inputs.map((y) => this.lift(y));
    this.#equations.push({ ...producer, inputs, outputs: [output] });
    return output;
  }

  /** The linear graph without dead equations, and the primal values that are its residuals. */
  finish(name: string, outputs: readonly Operand[]): { graph: Graph; residuals: Value[] } {
    const lifted = outputs.map((x) => this.lift(x));
    const equations = needed(this.#equations, lifted);
    const used = new Set<Operand>(lifted);
    for (const equation of equations) for (const x of equation.inputs) used.add(x);
    const residuals = [...this.#residuals].filter(([, input]) => used.has(input));
    const inputs = [...residuals.map(([, input]) => input), ...this.#tangents];
    return { graph: new Graph(name, inputs, equations, lifted), residuals: residuals.map(([x]) => x) };
  }
}

/** Sends each operation to the linear graph if an operand lives there, and to the primal graph otherwise. */
export class SplitBuilder extends Builder {
  constructor(
    readonly primal: GraphBuilder,
    readonly linear: LinearBuilder,
  ) {
    super();
  }

  #target(inputs: readonly Operand[]): Builder {
    const target = inputs.some((x) => this.linear.owns(x)) ? this.linear : this.primal;
    target.source = this.source;
    return target;
  }

  override emit<N extends PrimitiveName>(
    name: N,
    inputs: readonly Operand[],
    params: PrimitiveParams[N],
  ): readonly Operand[] {
    return this.#target(inputs).emit(name, inputs, params);
  }

  override inline(graph: Graph, inputs: readonly Operand[]): readonly Operand[] {
    const renamed = new Map<Operand, Operand>();
    for (const [i, input] of graph.inputs.entries()) renamed.set(input, inputs[i]);
    for (const equation of graph.equations) {
      const values = equation.inputs.filter((x): x is Value => x instanceof Value);
      const operands = values.map((v) => renamed.get(v) ?? v);
      const single = new Graph(equation.op, values, [equation], equation.outputs);
      const outputs = this.#target(operands).inline(single, operands);
      for (const [i, v] of equation.outputs.entries()) renamed.set(v, outputs[i]);
    }
    return graph.outputs.map((x) => renamed.get(x) ?? x);
  }
}
