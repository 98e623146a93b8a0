/** Dumps of everything a program compiles: files per pass and kernel, and `manifest.json`. */
import type { Graph } from "../../compiler/graph/graph.ts";
import type { CompileObserver } from "../../compiler/pass-runner.ts";
import type { DumpDirectory } from "./dump-directory.ts";
import type { Manifest, ModuleRecord } from "./manifest.ts";
import { type DumpContext, ModuleDump } from "./module-dump.ts";
import { VERSION } from "./version.ts";
import type { ToWat } from "./wat.ts";
import type { CompileWatcher } from "./watch.ts";

const MANIFEST = "manifest.json";

/** Up to so many modules the manifest is written after each; then after each tenth more, and at the end. */
const EAGER_MANIFESTS = 32;

export class IrDump {
  readonly #directory: DumpDirectory;
  readonly #modules: ModuleRecord[] = [];
  readonly #context: DumpContext;
  /** Null where there is no WABT, undefined while that is not known. */
  #toWat: ToWat | null | undefined;
  /** WebAssembly texts that are still to be written. */
  #waiting: ((toWat: ToWat) => void)[] = [];
  #scheduled = false;
  #written = 0;

  constructor(directory: DumpDirectory, toWat?: ToWat | null) {
    this.#directory = directory;
    this.#toWat = toWat;
    this.#context = {
      directory,
      sourceFolder: process.cwd().replaceAll("\\", "/"),
      whenWat: (write) => {
        if (this.#toWat === null) return;
        this.#waiting.push(write);
        this.#scheduleTexts();
      },
      moduleDone: () => {
        const count = this.#modules.length;
        if (count <= EAGER_MANIFESTS || count >= this.#written * 1.1) this.#writeManifest();
      },
    };
  }

  /** The observer of a compilation that is about to begin. */
  observe(graph: Graph, donated: readonly boolean[] | null): CompileObserver {
    if (this.#modules.length === 0) this.#removeEarlierDump();
    const dump = new ModuleDump(this.#modules.length, graph, donated, this.#context);
    this.#modules.push(dump.record);
    return dump;
  }

  /** For `setCompileWatcher`. `operations`: single operations of eager dispatch too. */
  watcher(operations: boolean): CompileWatcher {
    return (graph, donated, purpose) =>
      purpose === "operation" && !operations ? null : this.observe(graph, donated);
  }

  /** WABT is there, or (null) it is not installed. */
  useWat(toWat: ToWat | null): void {
    this.#toWat = toWat;
    if (toWat === null) this.#waiting = [];
    else this.#scheduleTexts();
  }

  /** Writes what is still to be written. May be called more than once; does nothing once a file could not be written. */
  finish(): void {
    if (this.#directory.failed) return;
    this.#writeTexts();
    if (this.#modules.length > 0) this.#writeManifest();
  }

  /** `IR of 2 compiled functions: out/ir/ (manifest.json)`, or null if nothing was compiled. */
  summary(): string | null {
    const count = this.#modules.length;
    if (count === 0 || this.#directory.failed) return null;
    return `IR of ${count} compiled function${count === 1 ? "" : "s"}: ${this.#directory.shown}/ (${MANIFEST})`;
  }

  /**
   * Texts of WebAssembly are only a view of bytes that are written already, so they are made when the program waits
   * or ends: dumps should not change much what a program measures.
   */
  #scheduleTexts(): void {
    if (this.#scheduled || !this.#toWat || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#writeTexts()) this.#writeManifest();
    }).unref();
  }

  #writeTexts(): boolean {
    const toWat = this.#toWat;
    const waiting = this.#waiting;
    if (!toWat || waiting.length === 0) return false;
    this.#waiting = [];
    for (const write of waiting) write(toWat);
    return true;
  }

  #writeManifest(): void {
    const manifest: Manifest = { weft: VERSION, modules: this.#modules };
    this.#directory.write(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
    this.#written = this.#modules.length;
  }

  /** Deletes the files that the manifest of an earlier dump to this folder lists, and nothing else. */
  #removeEarlierDump(): void {
    for (const file of filesOf(this.#directory.read(MANIFEST))) this.#directory.remove(file);
  }
}

/** Names of a module's files: none of them leads out of the folder. */
const MODULE_FILE = /^m\d{4,}\.[^/\\]+$/;

function filesOf(text: string | null): string[] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text ?? "null");
  } catch {
    return [];
  }
  if (!isRecord(manifest) || !Array.isArray(manifest.modules)) return [];
  return manifest.modules.flatMap((module: unknown) => {
    const files: unknown = isRecord(module) ? module.files : [];
    return Array.isArray(files) ? files.filter((x) => typeof x === "string" && MODULE_FILE.test(x)) : [];
  });
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null;
}
