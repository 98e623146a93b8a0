/**
 * The graph IR: typed SSA in the manner of a jaxpr. A graph is closed: its equations use only its inputs and each
 * other's outputs. Sub-graphs of control flow are attributes of an equation and are closed as well.
 */
import type { DType } from "../types/dtype.ts";
import type { SourceRef } from "../types/source.ts";
import { type TensorType, tensorType } from "../types/tensor-type.ts";
import type { PrimitiveName } from "./names.ts";

/** A result of an equation or an input of a graph. Identity is the object; names and numbers are given when printing. */
export class Value {
  readonly kind = "value";
  constructor(
    readonly type: TensorType,
    /** A name to print, if one is known: the user's parameter names. */
    readonly hint: string | null = null,
  ) {}
}

/**
 * A constant operand all of whose elements are equal. It has a full type, so that a scalar constant needs no
 * broadcast equation, and a zero tensor is a literal. Printed `2.0:f32[3]`.
 */
export class Literal {
  readonly kind = "literal";
  constructor(
    readonly type: TensorType,
    /** Representable in the dtype; bool as 0 or 1. */
    readonly value: number,
  ) {}
}

/** What an equation is applied to: a value of the graph, or a number. */
export type Operand = Value | Literal;

/** Dense constant data (little-endian, row-major), for constants that are not one repeated element. */
export class DenseTensor {
  readonly kind = "dense";
  constructor(
    readonly type: TensorType,
    readonly bytes: Uint8Array,
  ) {}
}

/**
 * A graph that is made when somebody needs it: the rules of customJvp and customVjp, which may use the very
 * function they belong to. `key` identifies the rule for printing and recursion.
 */
export class DeferredGraph {
  readonly kind = "deferred";
  #graph: Graph | null = null;
  #resolving = false;
  constructor(
    readonly key: object,
    private readonly make: () => Graph,
  ) {}

  get resolving(): boolean {
    return this.#resolving;
  }

  get(): Graph {
    if (this.#graph === null) {
      this.#resolving = true;
      try {
        this.#graph = this.make();
      } finally {
        this.#resolving = false;
      }
    }
    return this.#graph;
  }
}

/** A parameter of an equation: everything a primitive needs besides its operands. Immutable. */
export type Attribute =
  | null
  | boolean
  | number
  | string
  | readonly Attribute[]
  | { readonly [key: string]: Attribute }
  | Graph
  | DenseTensor
  | DeferredGraph;

/** The parameters of an equation by name. */
export type Params = { readonly [key: string]: Attribute };

/** One operation of a graph, with its operands, parameters and results. */
export interface Equation {
  /** The operation; its rules are in the table of `compiler/primitives`. */
  readonly op: PrimitiveName;
  readonly inputs: readonly Operand[];
  readonly params: Params;
  readonly outputs: readonly Value[];
  readonly source: SourceRef | null;
}

/** A function as typed SSA: inputs, equations in order of execution, outputs. */
export class Graph {
  readonly kind = "graph";
  constructor(
    readonly name: string,
    readonly inputs: readonly Value[],
    readonly equations: readonly Equation[],
    readonly outputs: readonly Operand[],
  ) {}
}

/** A number as an operand, of any shape: all elements are equal. */
export function literal(value: number, dtype: DType, shape: readonly number[] = []): Literal {
  return new Literal(tensorType(dtype, shape), value);
}

/** Whether an operand is a number. */
export function isLiteral(x: Operand): x is Literal {
  return x.kind === "literal";
}

/** Sub-graphs held by an equation's parameters, in the alphabetical order of the parameters' names; deferred graphs are not included. */
export function subgraphsOf(equation: Equation): Graph[] {
  const found: Graph[] = [];
  const visit = (a: Attribute): void => {
    if (a instanceof Graph) found.push(a);
    else if (Array.isArray(a)) for (const item of a) visit(item);
    else if (a !== null && typeof a === "object" && Object.getPrototypeOf(a) === Object.prototype) {
      for (const item of Object.values(a)) visit(item as Attribute);
    }
  };
  for (const key of Object.keys(equation.params).sort()) visit(equation.params[key]);
  return found;
}
