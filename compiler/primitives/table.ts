/** The table of all primitives. A primitive named in `graph/operations.ts` and missing here is a type error. */
import { BINARY_NAMES, OTHER_NAMES, type PrimitiveName, UNARY_NAMES } from "../graph/names.ts";
import type { PrimitiveParams } from "../graph/operations.ts";
import type { Primitive } from "../graph/primitive.ts";
import { checkPrimitives } from "./checks/index.ts";
import { contractionPrimitives } from "./contraction/index.ts";
import { controlPrimitives } from "./control/index.ts";
import { elementwisePrimitives } from "./elementwise/index.ts";
import { fourierPrimitives } from "./fft/index.ts";
import { indexingPrimitives } from "./indexing/index.ts";
import { linalgPrimitives } from "./linalg/index.ts";
import { movementPrimitives } from "./movement/index.ts";
import { randomPrimitives } from "./random/index.ts";
import { reductionPrimitives } from "./reduction/index.ts";
import { sortingPrimitives } from "./sorting/index.ts";
import { specialPrimitives } from "./special/index.ts";
import { windowPrimitives } from "./window/index.ts";

export type PrimitiveTable = { readonly [N in PrimitiveName]: Primitive<PrimitiveParams[N]> };

export const primitives: PrimitiveTable = {
  ...elementwisePrimitives,
  ...specialPrimitives,
  ...movementPrimitives,
  ...indexingPrimitives,
  ...reductionPrimitives,
  ...windowPrimitives,
  ...contractionPrimitives,
  ...sortingPrimitives,
  ...linalgPrimitives,
  ...fourierPrimitives,
  ...checkPrimitives,
  ...randomPrimitives,
  ...controlPrimitives,
};

/** Declares a family in the place of what stands for it: pages load some from files of their own. See `late.ts`. */
export function declarePrimitives(family: Partial<PrimitiveTable>): void {
  Object.assign(primitives, family);
}

/** The declaration of a primitive by name. */
export function primitiveOf(name: PrimitiveName): Primitive {
  return primitives[name];
}

/** The names of all primitives. */
export const PRIMITIVE_NAMES: readonly PrimitiveName[] = [...UNARY_NAMES, ...BINARY_NAMES, ...OTHER_NAMES];

export function isPrimitiveName(name: string): name is PrimitiveName {
  return Object.hasOwn(primitives, name);
}
