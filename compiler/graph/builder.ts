/**
 * What graph rules build with. A builder knows operations by name, so rules of one family can use another family
 * without importing it. `GraphBuilder` (compiler/primitives) is the plain implementation.
 */

import { roundTo } from "../kernel/constants.ts";
import { type DType, isFloating } from "../types/dtype.ts";
import type { SourceRef } from "../types/source.ts";
import { type Shape, sameShape, type TensorType, tensorType } from "../types/tensor-type.ts";
import { type Graph, Literal, literal, type Operand } from "./graph.ts";
import type { BinaryName, PrimitiveName, UnaryName } from "./names.ts";
import type { DotParams, PrimitiveParams } from "./operations.ts";

/** Emits equations: what the rules of primitives write graphs with. */
export abstract class Builder {
  /** Given to the equations emitted from here on. */
  source: SourceRef | null = null;

  /** Appends one equation and returns its results; infers and checks their types. */
  abstract emit<N extends PrimitiveName>(
    name: N,
    inputs: readonly Operand[],
    params: PrimitiveParams[N],
  ): readonly Operand[];

  /** Appends a closed graph's equations with its inputs replaced; returns what its outputs became. */
  abstract inline(graph: Graph, inputs: readonly Operand[]): readonly Operand[];

  /** `emit` for an operation of one result. */
  one<N extends PrimitiveName>(name: N, inputs: readonly Operand[], params: PrimitiveParams[N]): Operand {
    return this.emit(name, inputs, params)[0];
  }

  unary(name: UnaryName, x: Operand): Operand {
    return this.one(name, [x], {});
  }

  binary(name: BinaryName, x: Operand, y: Operand): Operand {
    return this.one(name, [x, y], {});
  }

  literal(value: number, dtype: DType, shape: Shape = []): Operand {
    return literal(isFloating(dtype) ? roundTo(value, dtype) : value, dtype, shape);
  }

  /** A literal of the type of `x`. */
  like(x: { readonly type: TensorType }, value: number): Operand {
    return this.literal(value, x.type.dtype, x.type.shape);
  }

  zeros(type: TensorType): Operand {
    return new Literal(type, 0);
  }

  neg(x: Operand): Operand {
    return this.unary("neg", x);
  }
  add(x: Operand, y: Operand): Operand {
    return this.binary("add", x, y);
  }
  sub(x: Operand, y: Operand): Operand {
    return this.binary("sub", x, y);
  }
  mul(x: Operand, y: Operand): Operand {
    return this.binary("mul", x, y);
  }
  div(x: Operand, y: Operand): Operand {
    return this.binary("div", x, y);
  }
  /** pred ? onTrue : onFalse, all of one shape. */
  select(pred: Operand, onTrue: Operand, onFalse: Operand): Operand {
    return this.one("select", [pred, onTrue, onFalse], {});
  }
  convert(x: Operand, newDtype: DType): Operand {
    return x.type.dtype === newDtype ? x : this.one("convert_element_type", [x], { newDtype });
  }
  /** Sum over `axes` (any order); no equation where there are none. */
  sum(x: Operand, axes: readonly number[]): Operand {
    return axes.length === 0 ? x : this.one("reduce_sum", [x], { axes: [...axes].sort((a, b) => a - b) });
  }
  reshape(x: Operand, shape: Shape): Operand {
    if (sameShape(x.type.shape, shape)) return x;
    if (x instanceof Literal) return new Literal(tensorType(x.type.dtype, shape), x.value);
    return this.one("reshape", [x], { newSizes: shape });
  }
  transpose(x: Operand, permutation: readonly number[]): Operand {
    return permutation.every((p, i) => p === i) ? x : this.one("transpose", [x], { permutation });
  }
  broadcastInDim(x: Operand, shape: Shape, broadcastDimensions: readonly number[]): Operand {
    if (x instanceof Literal) return new Literal(tensorType(x.type.dtype, shape), x.value);
    if (sameShape(x.type.shape, shape) && broadcastDimensions.every((d, i) => d === i)) return x;
    return this.one("broadcast_in_dim", [x], { shape, broadcastDimensions });
  }
  /** A scalar as a tensor of `shape`. */
  splat(x: Operand, shape: Shape): Operand {
    return this.broadcastInDim(x, shape, []);
  }
  /** Moves axis `from` to position `to`. */
  moveAxis(x: Operand, from: number, to: number): Operand {
    if (from === to) return x;
    const rest = x.type.shape.map((_, i) => i).filter((i) => i !== from);
    rest.splice(to, 0, from);
    return this.transpose(x, rest);
  }
  /** Sum of two tangents or cotangents, either of which may be the symbolic zero. */
  addTangents(x: Operand | null, y: Operand | null): Operand | null {
    if (x === null) return y;
    return y === null ? x : this.add(x, y);
  }
  dotGeneral(x: Operand, y: Operand, params: DotParams): Operand {
    return this.one("dot_general", [x, y], params);
  }
  iota(dtype: DType, shape: Shape, dimension: number): Operand {
    return this.one("iota", [], { dtype, shape, dimension });
  }

  /** Whether values of this type have tangents. */
  static differentiable(type: TensorType): boolean {
    return isFloating(type.dtype);
  }
}
