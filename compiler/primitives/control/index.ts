/** Operations that hold sub-graphs: branches, loops, calls, custom derivative rules and checkpoints. */
import { call } from "./call.ts";
import { checkpoint, checkpointLinear } from "./checkpoint.ts";
import { customJvpCall } from "./custom-jvp.ts";
import { customVjpPrimitives } from "./custom-vjp.ts";
import { flowPrimitives } from "./flow.ts";

export const controlPrimitives = {
  ...flowPrimitives,
  call,
  custom_jvp_call: customJvpCall,
  ...customVjpPrimitives,
  checkpoint,
  checkpoint_linear: checkpointLinear,
};
