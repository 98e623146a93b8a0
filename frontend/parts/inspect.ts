/**
 * What shows a compiled function in pages: importing this brings the printers of graphs (also as jaxprs), fusion plans,
 * kernels and programs, and the count of their costs, which `asText`, `toString`, `kernels` and `costAnalysis` use.
 */
export { makeJaxpr } from "../transforms/index.ts";
