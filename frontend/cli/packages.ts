/** Packages that commands load when they need them: `npm install --omit=optional` leaves them out. */
import type * as Esbuild from "esbuild";
import { loadWat, type ToWat } from "../inspect/wat.ts";
import { InputError } from "./errors.ts";

export async function loadEsbuild(): Promise<typeof Esbuild> {
  try {
    return await import("esbuild");
  } catch (error) {
    throw missing(error, "esbuild", "is needed to read TypeScript");
  }
}

/** WABT's printer. Throws InputError where it is not installed. */
export async function requireWat(): Promise<ToWat> {
  try {
    return await loadWat();
  } catch (error) {
    throw missing(error, "wabt", "is needed to print WebAssembly as text");
  }
}

/** WABT's printer or, with a note on stderr, null. */
export async function wantWat(): Promise<ToWat | null> {
  try {
    return await requireWat();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(`weft: no WebAssembly text: ${error.message}`);
    return null;
  }
}

function missing(error: unknown, name: string, purpose: string): unknown {
  const absent = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  if (!absent) return error;
  return new InputError(`the package ${name} ${purpose}, and it is not installed: npm install ${name}`);
}
