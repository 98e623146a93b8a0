/** Transformations of functions: compile, differentiate, vectorise, inspect. */
export type { Cost } from "../../compiler/analysis/cost.ts";
export type { KernelUse } from "../../compiler/analysis/program-cost.ts";
export type { KernelAccess } from "../../compiler/text/kernel-accesses.ts";
export { checkpoint, stopGradient } from "./checkpoint.ts";
export {
  Compiled,
  type CostAnalysis,
  type MemoryAnalysis,
  type MemoryMoment,
  type Stage,
} from "./compiled.ts";
export { type CustomJvpFunction, type CustomRuleOptions, customJvp } from "./custom-jvp.ts";
export { type CustomVjpFunction, customVjp } from "./custom-vjp.ts";
export {
  type GradFunction,
  type GradOptions,
  grad,
  jvp,
  linearize,
  type Pullback,
  type ValueAndGradFunction,
  valueAndGrad,
  vjp,
} from "./gradient.ts";
export { ClosedJaxpr, evalShape, makeJaxpr } from "./inspect.ts";
export {
  hessian,
  type Jacobian,
  type JacobianFunction,
  type JacobianOptions,
  jacfwd,
  jacrev,
} from "./jacobian.ts";
export { type JitFunction, type JitOptions, jit } from "./jit.ts";
export { KernelHandle, type KernelParameter } from "./kernel-handle.ts";
export { linearTranspose } from "./linear-transpose.ts";
export { type CompileTarget, Lowered, Stages } from "./stages.ts";
export type { Abstract, Argument, Arguments, Result } from "./types.ts";
export { type Axes, type VmapOptions, vmap } from "./vmap.ts";
