/** Expressions for elements of graph values inside one kernel: inlined producers, values at hand, and loads. */

import { contextOf, linearise } from "../fusion/access.ts";
import { type Equation, isLiteral, type Operand, type Value } from "../graph/graph.ts";
import type { Access } from "../graph/primitive.ts";
import type { BufferParam, Expr } from "../kernel/expr.ts";
import { differSomewhere, sameIndex } from "../kernel/index-math.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";

interface Cached {
  readonly index: readonly Expr[];
  readonly values: readonly Expr[];
}

/** Cached expressions per equation; an equation read at very many places is not worth remembering further. */
const CACHE_PER_EQUATION = 16;

export class Elements {
  readonly #cache = new Map<Equation, Cached[]>();
  readonly #held = new Map<Value, { position: Expr; value: Expr }>();

  readonly #pinned = new Map<Value, Expr>();

  constructor(
    private readonly producer: ReadonlyMap<Value, Equation>,
    private readonly inlined: ReadonlySet<Equation>,
    private readonly buffer: (value: Value) => BufferParam,
  ) {}

  /** The kernel has this value's element at a row-major position in a local. */
  hold(value: Value, position: Expr, element: Expr): void {
    this.#held.set(value, { position, value: element });
  }

  /** The kernel has this single number in a local, from here to its end. */
  pin(value: Value, element: Expr): void {
    this.#pinned.set(value, element);
  }

  access(x: Operand): Access {
    return Object.assign((index: readonly Expr[]) => this.element(x, index), { type: x.type });
  }

  element(x: Operand, index: readonly Expr[]): Expr {
    if (isLiteral(x)) return s.const(x.value, computeDType(x.type.dtype));
    const pinned = this.#pinned.get(x);
    if (pinned !== undefined) return pinned;
    const held = this.#held.get(x);
    if (held !== undefined) {
      // The plan lets a kernel read what it computes at its own element only, so this is a check of the plan.
      const position = linearise(index, x.type.shape);
      if (sameIndex(position, held.position) || !differSomewhere(position, held.position, x.type.size))
        return held.value;
      throw new InternalError(`a kernel reads another element of a value it computes (${x.type.text})`);
    }
    const equation = this.producer.get(x);
    if (equation === undefined || !this.inlined.has(equation)) {
      return s.load(this.buffer(x), linearise(index, x.type.shape));
    }
    return this.values(equation, index)[equation.outputs.indexOf(x)];
  }

  /** Elements of all results of a map equation at an index. */
  values(equation: Equation, index: readonly Expr[]): readonly Expr[] {
    const cached = this.#cache.get(equation) ?? [];
    for (const entry of cached) if (entry.index.every((e, k) => e === index[k])) return entry.values;
    const { lower } = primitiveOf(equation.op);
    if (lower.kind !== "map")
      throw new InternalError(`${equation.op} has no elements to compute`, equation.source);
    const values = lower.element(
      s,
      equation.inputs.map((x) => this.access(x)),
      index,
      contextOf(equation),
    );
    if (cached.length < CACHE_PER_EQUATION) this.#cache.set(equation, [...cached, { index, values }]);
    return values;
  }

  /** Forgets what was computed: the next nest has other axes. */
  clear(): void {
    this.#cache.clear();
    this.#held.clear();
  }
}
