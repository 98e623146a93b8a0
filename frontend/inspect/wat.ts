/** WebAssembly bytes as text, by WABT, which is loaded on demand: it is 1 MB and takes 50 ms to start. */

/** The text of a module, with the names of its name section. */
export type ToWat = (bytes: Uint8Array) => string;

const FEATURES = { simd: true, relaxed_simd: true, bulk_memory: true, multi_value: true, threads: true };

/** Loads WABT. Rejects where the package is not installed. */
export async function loadWat(): Promise<ToWat> {
  // Named by a variable, so that a bundler for browsers does not go looking for an optional package.
  const name = "wabt";
  const { default: start }: { default: typeof import("wabt") } = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ name
  );
  const wabt = await start();
  return (bytes) => {
    const module = wabt.readWasm(bytes, { ...FEATURES, readDebugNames: true });
    try {
      module.applyNames();
      return module.toText({});
    } finally {
      module.destroy();
    }
  };
}

/**
 * The text of one kernel's functions out of a module's: its own, and those its loops were cut out into, which are
 * called `KERNEL.AXIS`. Empty if there is none.
 */
export function watOfKernel(wat: string, kernel: string): string {
  return watByKernel(wat).get(kernel) ?? "";
}

/** The texts of a module's functions by the kernel they belong to. */
export function watByKernel(wat: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const field of moduleFields(wat)) {
    const kernel = /^ {2}\(func \$([^\s.]+)/.exec(field)?.[1];
    if (kernel !== undefined) texts.set(kernel, `${texts.get(kernel) ?? ""}${field}\n`);
  }
  return texts;
}

/** The parts directly within `(module …)`: WABT indents them by two. */
function moduleFields(wat: string): string[] {
  const fields = wat.slice(wat.indexOf("\n") + 1).split(/\n(?= {2}\()/);
  // The parenthesis that closes the module stands behind the last field.
  const last = fields.pop();
  return last === undefined ? [] : [...fields, last.trimEnd().replace(/\)$/, "")];
}
