/** Operations that hold sub-graphs: branches, loops, calls, custom derivative rules and checkpoints. */
import { call } from "./call.ts";
import { checkpoint, checkpointLinear } from "./checkpoint.ts";
import { cond } from "./cond.ts";
import { customJvpCall } from "./custom-jvp.ts";
import { customVjpCall, customVjpLinear } from "./custom-vjp.ts";
import { linearSolve } from "./linear-solve.ts";
import { scan } from "./scan.ts";
import { whileLoop } from "./while.ts";

export const controlPrimitives = {
  cond,
  while: whileLoop,
  scan,
  linear_solve: linearSolve,
  call,
  custom_jvp_call: customJvpCall,
  custom_vjp_call: customVjpCall,
  custom_vjp_linear: customVjpLinear,
  checkpoint,
  checkpoint_linear: checkpointLinear,
};
