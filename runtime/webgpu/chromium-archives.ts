/**
 * What the npm package `@sparticuz/chromium` carries, if it is installed: a headless Chromium, and SwiftShader, a Vulkan
 * driver that needs no GPU. Its archives are unpacked once, into `node_modules/.cache`. For Node alone.
 */

const PACKAGE = "@sparticuz/chromium";

/** `chromium` is one file, the others are folders. */
export type ChromiumArchive = "chromium" | "swiftshader" | "al2023" | "fonts";

/**
 * The folder that the archives were unpacked into, each under its own name; null where the package is not installed.
 * Safe while other processes do the same: a folder appears whole or not at all.
 */
export async function unpackArchives(archives: readonly ChromiumArchive[]): Promise<string | null> {
  // Its binaries are of one platform.
  if (process.platform !== "linux" || process.arch !== "x64") return null;
  const [fs, path, { createRequire }, { pathToFileURL }] = await Promise.all([
    import("node:fs"),
    import("node:path"),
    import("node:module"),
    import("node:url"),
  ]);
  const folder = findPackage([import.meta.url, pathToFileURL(`${process.cwd()}/`).href]);
  if (folder === null) return null;
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as {
    version: string;
  };
  const cache = await writableFolder([path.resolve(folder, "../../.cache/weft"), "weft-cache"]);
  const target = path.join(cache, `chromium-${manifest.version}`);
  fs.mkdirSync(target, { recursive: true });
  await Promise.all(archives.map(unpack));
  return target;

  function findPackage(from: readonly string[]): string | null {
    for (const url of from) {
      try {
        // Its entry point is build/…; the package's exports do not let one ask for its package.json.
        const entry = createRequire(url).resolve(PACKAGE);
        return entry.slice(0, entry.lastIndexOf(path.normalize(PACKAGE)) + PACKAGE.length);
      } catch {
        // Not installed there.
      }
    }
    return null;
  }

  async function unpack(archive: ChromiumArchive): Promise<void> {
    const finished = path.join(target, archive);
    if (fs.existsSync(finished)) return;
    const [{ createBrotliDecompress }, { pipeline }] = await Promise.all([
      import("node:zlib"),
      import("node:stream/promises"),
    ]);
    const partial = `${finished}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    const single = archive === "chromium";
    const source = path.join(folder ?? "", "bin", `${archive}${single ? "" : ".tar"}.br`);
    try {
      await pipeline(
        fs.createReadStream(source, { highWaterMark: 1 << 20 }),
        createBrotliDecompress({ chunkSize: 1 << 20 }),
        single ? fs.createWriteStream(partial, { mode: 0o755 }) : extractTar(partial),
      );
      if (single) publishFile(partial, finished);
      else fs.renameSync(partial, finished);
    } catch (error) {
      fs.rmSync(partial, { recursive: true, force: true });
      // Another process was faster: a folder is not renamed over a full one.
      if (!fs.existsSync(finished)) throw error;
    }
  }

  /** A link is not made over a file that is there: another process may run it, and start itself again by its name. */
  function publishFile(partial: string, finished: string): void {
    try {
      fs.linkSync(partial, finished);
    } catch {
      // It is there, or there are no links on this disk.
      if (!fs.existsSync(finished)) return fs.renameSync(partial, finished);
    }
    fs.rmSync(partial);
  }

  function extractTar(into: string): NodeJS.WritableStream {
    const own = createRequire(path.join(folder ?? "", "package.json"));
    const tar = own("tar-fs") as { extract(folder: string, options: object): NodeJS.WritableStream };
    return tar.extract(into, { chown: false });
  }

  async function writableFolder([near, fallback]: [near: string, fallback: string]): Promise<string> {
    try {
      fs.mkdirSync(near, { recursive: true });
      fs.accessSync(near, fs.constants.W_OK);
      return near;
    } catch {
      const { tmpdir, userInfo } = await import("node:os");
      return path.join(tmpdir(), `${fallback}-${userInfo().uid}`);
    }
  }
}
