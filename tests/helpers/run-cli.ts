/** Runs the command line as a child process, in a folder of its own. */
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "./paths.ts";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** A user's folder with files of its own, and a folder for temporary files that must be empty after each command. */
export class Workspace {
  readonly folder: string;
  readonly temporary: string;

  constructor() {
    // Node's paths in stack traces have no symbolic links in them.
    const base = realpathSync(mkdtempSync(path.join(tmpdir(), "weft-cli-test-")));
    this.folder = path.join(base, "project");
    this.temporary = path.join(base, "tmp");
    mkdirSync(this.folder);
    mkdirSync(this.temporary);
  }

  /** Puts a file of tests/fixtures into the folder. */
  fixture(name: string): void {
    copyFileSync(path.join(root, "tests/fixtures", name), path.join(this.folder, name));
  }

  write(name: string, text: string): void {
    mkdirSync(path.dirname(path.join(this.folder, name)), { recursive: true });
    writeFileSync(path.join(this.folder, name), text);
  }

  read(name: string): string {
    return readFileSync(path.join(this.folder, name), "utf8");
  }

  /** The files of a folder, sorted; empty if it is not there. */
  list(folder = "."): string[] {
    try {
      return readdirSync(path.join(this.folder, folder)).sort();
    } catch {
      return [];
    }
  }

  /** Runs `weft ARGS` here. */
  async weft(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    built ??= buildCli();
    await built;
    return this.node([path.join(root, "dist/cli.js"), ...args], options);
  }

  node(args: readonly string[], { env = {}, stdin = "" }: CliOptions = {}): Promise<CliResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, args, {
        cwd: this.folder,
        env: { ...cleanEnvironment(), TMPDIR: this.temporary, ...env },
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
      // A command that does not read it may have ended.
      child.stdin.on("error", () => undefined);
      child.stdin.end(stdin);
    });
  }

  remove(): void {
    rmSync(path.dirname(this.folder), { recursive: true, force: true });
  }
}

let built: Promise<void> | null = null;

/** Builds dist/ if it is not what the sources say: the first command of a test file goes through scripts/weft.mjs. */
async function buildCli(): Promise<void> {
  const { status, stderr } = spawnSync(process.execPath, [path.join(root, "scripts/weft.mjs"), "--version"], {
    env: cleanEnvironment(),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the command line cannot be built:\n${stderr}`);
}

/** The environment without what the test runner and Weft read from it. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(WEFT_|NODE_OPTIONS|NODE_TEST_CONTEXT|FORCE_COLOR|npm_lifecycle_event|INIT_CWD)/.test(name),
  );
  return Object.fromEntries(kept);
}
