/** Verifiers of every level of the IR: a list of violations with their places, or a VerifyError. */
export { graphViolations, type VerifyGraphOptions, verifyGraph } from "./verify-graph.ts";
export { kernelViolations, verifyKernel } from "./verify-kernel.ts";
export { programViolations, verifyProgram } from "./verify-program.ts";
export { VerifyError, type Violation } from "./violations.ts";
