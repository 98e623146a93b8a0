/**
 * Settings of the whole program (`jax.config`).
 *
 *     config.update("jax_debug_nans", true);
 *     withConfig({ threefryPartitionable: false }, () => random.bits(key));
 *
 * Settings are read when they matter: `threefryPartitionable` when a function is traced, so that a function compiled
 * before keeps its bits; `defaultMatmulPrecision` then too, and jitted functions are traced anew for each; `debugNans` and
 * `debugInfs` at each call; `threads` when a large kernel runs.
 */

import type { Precision } from "../../compiler/graph/operations.ts";
import { WeftTypeError, WeftValueError } from "../../compiler/types/errors.ts";
import { defaultThreads, useThreads } from "../../runtime/threads/index.ts";

export interface Settings {
  /**
   * Whether a random bit depends on its own place alone, as JAX has it by default since 0.5
   * (`jax_threefry_partitionable`); false gives the numbers of JAX before.
   */
  threefryPartitionable: boolean;
  /** Whether a NaN in a result is an error that names the operation and the line it came from (`jax_debug_nans`). */
  debugNans: boolean;
  /** Likewise of infinities (`jax_debug_infs`). */
  debugInfs: boolean;
  /**
   * Threads that share large kernels, the calling one among them. The default is `WEFT_THREADS`, or the number of cores
   * up to 8; 1 in a browser's page that is not cross-origin isolated. By default workers are started when a program
   * has had 20 ms of work for them, and at once where the number was set. Results are the same bits whatever it is.
   */
  threads: number;
  /**
   * Whether GPUs compute matrix products with the tiles that were measured as the fastest there, and measure those of new
   * shapes; false: always with the default tiles. `WEFT_TUNE_TILES=0` switches it off from outside.
   */
  tuneTiles: boolean;
  /**
   * The precision of products and convolutions that are given none (`jax_default_matmul_precision`), when they are traced; null:
   * the backend's own. Functions that `jit` traced under another one are traced again. See `lax.PrecisionLike`.
   */
  defaultMatmulPrecision: PrecisionName | null;
}

/** JAX's names of precisions (`jax.lax.Precision`), and what each is. */
const PRECISIONS = {
  default: "default",
  fastest: "default",
  bfloat16: "default",
  high: "high",
  bfloat16_3x: "high",
  tensorfloat32: "high",
  highest: "highest",
  float32: "highest",
} as const satisfies Readonly<Record<string, Precision>>;

/** The name of a precision: "default", "high" or "highest", or one of JAX's other names of these. */
export type PrecisionName = keyof typeof PRECISIONS;

/** The precision of a name, or null for what is none. */
export function precisionOf(name: unknown): Precision | null {
  return isPrecision(name) ? PRECISIONS[name] : null;
}

function isPrecision(name: unknown): name is PrecisionName {
  return typeof name === "string" && Object.hasOwn(PRECISIONS, name);
}

/** Told of changes: the settings that are not just read where they matter. */
type Listener = (settings: Readonly<Settings>) => void;

const DEFAULTS: Readonly<Settings> = Object.freeze({
  threefryPartitionable: true,
  debugNans: false,
  debugInfs: false,
  threads: defaultThreads(),
  tuneTiles: !(typeof process !== "undefined" && process.env?.WEFT_TUNE_TILES === "0"),
  defaultMatmulPrecision: null,
});

/** JAX's settings that have no meaning here, and why. */
const ABSENT: Readonly<Record<string, string>> = {
  enableX64: 'float64 needs no switch: ask for it with a dtype, as in np.zeros([3], { dtype: "float64" })',
  disableJit: "call the function itself instead of its jitted form",
  numpyDtypePromotion: "promotion is that of JAX's standard mode",
  numpyRankPromotion: "np broadcasts and lax does not, as in JAX's default mode",
  defaultPrngImpl: "threefry2x32 is the one generator",
  platformName: "the platform is chosen when arrays are placed",
};

function isSetting(name: string): name is keyof Settings {
  return Object.hasOwn(DEFAULTS, name);
}

/** The setting of a name, which may be JAX's own: `jax_debug_nans`, `debug_nans` or `debugNans`. */
function settingOf(name: string): keyof Settings {
  const camel = String(name)
    .replace(/^jax_/, "")
    .replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  if (isSetting(camel)) return camel;
  const reason = Object.hasOwn(ABSENT, camel) ? ABSENT[camel] : null;
  throw new WeftValueError(
    reason === null
      ? `Unrecognized config option: ${name}. There are ${Object.keys(DEFAULTS).join(", ")}.`
      : `config option ${name} does not exist here: ${reason}`,
  );
}

export class Config implements Settings {
  readonly #values: Settings = { ...DEFAULTS };
  readonly #listeners: Listener[] = [];

  get threefryPartitionable(): boolean {
    return this.#values.threefryPartitionable;
  }
  set threefryPartitionable(value: boolean) {
    this.update("threefryPartitionable", value);
  }
  get debugNans(): boolean {
    return this.#values.debugNans;
  }
  set debugNans(value: boolean) {
    this.update("debugNans", value);
  }
  get debugInfs(): boolean {
    return this.#values.debugInfs;
  }
  set debugInfs(value: boolean) {
    this.update("debugInfs", value);
  }
  get tuneTiles(): boolean {
    return this.#values.tuneTiles;
  }
  set tuneTiles(value: boolean) {
    this.update("tuneTiles", value);
  }
  get threads(): number {
    return this.#values.threads;
  }
  set threads(value: number) {
    this.update("threads", value);
  }

  get defaultMatmulPrecision(): PrecisionName | null {
    return this.#values.defaultMatmulPrecision;
  }
  set defaultMatmulPrecision(value: PrecisionName | null) {
    this.update("defaultMatmulPrecision", value);
  }

  /** Sets one by its name here or JAX's (`jax.config.update`). Throws WeftValueError for a name that is none. */
  update(name: string, value: boolean | number | string | null): void {
    const setting = settingOf(name);
    const before = this.values();
    if (setting === "threads") {
      if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
        throw new WeftTypeError(
          `config option threads is a whole number of at least 1, got ${String(value)}`,
        );
      }
      // Set again to the same number it starts new workers, which is wanted after one has died.
      useThreads(value);
      this.#values.threads = value;
    } else if (setting === "defaultMatmulPrecision") {
      if (value !== null && !isPrecision(value)) {
        throw new WeftValueError(
          `config option defaultMatmulPrecision is null or one of ${Object.keys(PRECISIONS).join(", ")}, got ${String(value)}`,
        );
      }
      this.#values[setting] = value;
    } else {
      if (typeof value !== "boolean") {
        throw new WeftTypeError(`config option ${setting} is true or false, got ${String(value)}`);
      }
      if (this.#values[setting] === value) return;
      this.#values[setting] = value;
    }
    try {
      for (const listener of this.#listeners) listener(this.#values);
    } catch (error) {
      // What a listener cannot do is not so: a page may lack the file for it.
      Object.assign(this.#values, before);
      throw error;
    }
  }

  /** All settings now. */
  values(): Readonly<Settings> {
    return { ...this.#values };
  }

  /** Calls `listener` after every change. */
  subscribe(listener: Listener): void {
    this.#listeners.push(listener);
  }
}

/** The settings of this program. */
export const config = new Config();

/** Runs `body` under other settings, and puts back those there were (`with jax.debug_nans(True): …`). */
export function withConfig<T>(settings: Partial<Settings>, body: () => T): T {
  const before = config.values();
  const changed = Object.keys(settings).map(settingOf);
  try {
    for (const name of changed) {
      const value = settings[name];
      config.update(name, value === undefined ? before[name] : value);
    }
    return body();
  } finally {
    for (const name of changed) config.update(name, before[name]);
  }
}
