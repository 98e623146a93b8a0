/** The folder that dumps are written to. Node's modules are handed in: browsers have none to import. */
import type * as FileSystem from "node:fs";
import type * as Path from "node:path";

export interface NodeModules {
  readonly fs: typeof FileSystem;
  readonly path: typeof Path;
}

/** A folder whose files appear whole or not at all. It is made when the first file is written. */
export class DumpDirectory {
  /** As a person types it: relative to the working directory where it lies within. */
  readonly shown: string;
  readonly #absolute: string;
  readonly #node: NodeModules;
  #made = false;
  #failed = false;

  constructor(directory: string, node: NodeModules) {
    this.#node = node;
    this.#absolute = node.path.resolve(directory);
    const relative = node.path.relative(process.cwd(), this.#absolute);
    const within = relative !== "" && !relative.startsWith("..") && !node.path.isAbsolute(relative);
    this.shown = (within ? relative : this.#absolute).replaceAll("\\", "/");
  }

  /** Puts a file in its place at once, replacing one of that name. Throws an Error that names the folder. */
  write(name: string, content: string | Uint8Array): void {
    const { fs, path } = this.#node;
    const file = path.join(this.#absolute, name);
    // The process id keeps two programs that dump to one folder from writing one temporary file.
    const unfinished = `${file}.${process.pid}.tmp`;
    try {
      if (!this.#made) fs.mkdirSync(this.#absolute, { recursive: true });
      this.#made = true;
      fs.writeFileSync(unfinished, content);
      fs.renameSync(unfinished, file);
    } catch (error) {
      this.#failed = true;
      if (this.#made) fs.rmSync(unfinished, { force: true });
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot write the IR dump to ${this.shown}: ${reason}`, { cause: error });
    }
  }

  /** Whether a file could not be written: the next ones will not fare better. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The text of a file, or null if there is none. */
  read(name: string): string | null {
    try {
      return this.#node.fs.readFileSync(this.#node.path.join(this.#absolute, name), "utf8");
    } catch {
      return null;
    }
  }

  remove(name: string): void {
    this.#node.fs.rmSync(this.#node.path.join(this.#absolute, name), { force: true });
  }
}
