/** The WebAssembly text of a compiled function. */
import { loadWat, type ToWat, watOfKernel } from "../../frontend/inspect/wat.ts";

export interface CompiledText {
  readonly executable: { readonly modules: { readonly simd: Uint8Array } };
  asText(options: { readonly stage: "program" }): string;
}

/** WABT, started once per file that calls this. */
export async function watOf(compiled: CompiledText): Promise<string> {
  const toWat: ToWat = await loadWat();
  return toWat(compiled.executable.modules.simd);
}

export { watOfKernel };
