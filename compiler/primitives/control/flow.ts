/** Branches and loops. */
import { cond } from "./cond.ts";
import { linearSolve } from "./linear-solve.ts";
import { scan } from "./scan.ts";
import { whileLoop } from "./while.ts";

export const flowPrimitives = { cond, while: whileLoop, scan, linear_solve: linearSolve };
