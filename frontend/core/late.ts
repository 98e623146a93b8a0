/** What stands for the functions of a module that a page loads from a file of its own, see `scripts/late.mjs`. */
import { UnsupportedError } from "./errors.ts";

// biome-ignore lint/suspicious/noExplicitAny: functions of every type
type Functions = Readonly<Record<string, (...args: any[]) => unknown>>;

/** Functions by name that call those of a module, once it is `put`. Before, they throw an error with the file to load. */
export class LateModule {
  readonly #file: string;
  #module: Functions | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  put(module: Functions): void {
    this.#module = module;
  }

  /** @param names with spaces between them */
  functionsOf(names: string): Functions[string][] {
    return names.split(" ").map((name) => (...args) => {
      if (this.#module === null) {
        throw new UnsupportedError(
          `pages load ${name} from a file of its own: import "${this.#file}.js" before this.`,
        );
      }
      return this.#module[name](...args);
    });
  }
}
