/** The compiler without tracing or running: graphs in, every stage as a value, WebAssembly bytes out. */
export { fuse } from "./fusion/fuse.ts";
export type { EdgeDecision, FusionGroup, FusionPlan } from "./fusion/plan.ts";
export type { FusionChoice, FusionPolicy, FusionVerdict } from "./fusion/policy.ts";
export { printPlan } from "./fusion/print-plan.ts";
export { Builder } from "./graph/builder.ts";
export {
  DenseTensor,
  type Equation,
  Graph,
  isLiteral,
  Literal,
  literal,
  type Operand,
  type Params,
  Value,
} from "./graph/graph.ts";
export type { PrimitiveName } from "./graph/names.ts";
export { type EquationOf, isOp, type PrimitiveParams } from "./graph/operations.ts";
export type { RefTensor } from "./graph/reference.ts";
export { equalGraphs, hashGraph } from "./hash/index.ts";
export { runProgram } from "./interpret/program-interpreter.ts";
export { interpretGraph } from "./interpret/reference.ts";
export type { Kernel } from "./kernel/kernel.ts";
export type { Artifact, CompileObserver, Level, PassRecord } from "./pass-runner.ts";
export type { GraphPass } from "./passes/pass.ts";
export {
  type CompiledGraph,
  type CompileOptions,
  type CompilerPlugin,
  compileGraph,
  GRAPH_PASSES,
} from "./pipeline.ts";
export { GraphBuilder } from "./primitives/graph-builder.ts";
export { PRIMITIVE_NAMES, primitiveOf } from "./primitives/table.ts";
export type { Program, ProgramInterface, WasmExecutable } from "./program/program.ts";
export { compileWasm } from "./targets/wasm/compile.ts";
export * from "./text/index.ts";
export {
  batchGraph,
  jvpGraph,
  linearizeGraph,
  transposeGraph,
  valueAndGradGraph,
  vjpGraph,
} from "./transforms/index.ts";
export { DTYPES, type DType } from "./types/dtype.ts";
export { UnsupportedError, WeftTypeError, WeftValueError } from "./types/errors.ts";
export { type TensorType, tensorType } from "./types/tensor-type.ts";
export { verifyGraph, verifyKernel, verifyProgram } from "./verify/index.ts";
