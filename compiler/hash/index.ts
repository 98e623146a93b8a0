/** Structural hash and equality of graphs: the key of compile caches. */
export { equalAttributes, equalGraphs } from "./graph-equal.ts";
export { hashGraph, hashOfAttribute } from "./graph-hash.ts";
