/** The text forms of graphs, kernels and programs: printers and parsers that are each other's inverse. */
export {
  type ParsedGraph,
  type ParseGraphOptions,
  parseGraph,
  parseGraphWithPositions,
} from "./graph-parser.ts";
export { type PrintGraphOptions, printEquation, printGraph, valueNames } from "./graph-printer.ts";
export { printJaxpr } from "./jaxpr.ts";
export { type ParsedKernel, parseKernel, parseKernelWithPositions } from "./kernel-parser.ts";
export { printKernel } from "./kernel-printer.ts";
export { nearestName, ParseError } from "./parse-error.ts";
export { type ParsedProgram, parseProgram, parseProgramWithPositions } from "./program-parser.ts";
export { printProgram } from "./program-printer.ts";
