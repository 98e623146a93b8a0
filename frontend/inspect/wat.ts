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
  return moduleFields(wat)
    .filter((field) => {
      const name = /^ {2}\(func \$(\S+)/.exec(field)?.[1];
      return name === kernel || name?.startsWith(`${kernel}.`) === true;
    })
    .map((field) => `${field}\n`)
    .join("");
}

/** The parts directly within `(module …)`: WABT indents them by two. */
function moduleFields(wat: string): string[] {
  const fields: string[] = [];
  for (const line of wat.split("\n").slice(1)) {
    if (line.startsWith("  (") || fields.length === 0) fields.push(line);
    else fields[fields.length - 1] += `\n${line}`;
  }
  // The parenthesis that closes the module stands behind the last field.
  const last = fields.pop();
  return last === undefined ? [] : [...fields, last.trimEnd().replace(/\)$/, "")];
}
