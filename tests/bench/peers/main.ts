/** The process that measures: one topic of workloads, all contenders in turn. Started by the driver. */
import { runWorkloads } from "../runner/child.ts";
import { jax } from "./jax.ts";
import { jaxJs } from "./jax-js.ts";
import { onnx } from "./onnx.ts";
import { tfjs } from "./tfjs.ts";

await runWorkloads([tfjs, jaxJs, onnx, jax]);
