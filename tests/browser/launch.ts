/**
 * A real Chromium with WebGPU on a software adapter: `@sparticuz/chromium`'s binary driven by playwright-core. On other
 * platforms than Linux x64 an installed Chrome is used. `CHROMIUM` names another binary.
 */
import { existsSync, readdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { unpackArchives } from "../../runtime/webgpu/chromium-archives.ts";
import { root } from "../helpers/paths.ts";

const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a browser. Throws where none can be had. */
export async function launch(): Promise<Browser> {
  const named = process.env.CHROMIUM;
  if (named !== undefined) return chromium.launch({ executablePath: named, args: FLAGS });
  const folder = await unpackArchives(["chromium", "swiftshader", "al2023", "fonts"]);
  if (folder === null) {
    return chromium.launch({ channel: "chrome", args: FLAGS }).catch((error: unknown) => {
      throw new Error(`no browser for this test: install Chrome, or set CHROMIUM to a binary\n${error}`);
    });
  }
  linkBeside(folder, path.join(folder, "swiftshader"));
  // The system's libraries go first, and the package's (of Amazon Linux) stand in for those that are missing.
  const libraries = [
    systemHasNss() ? null : path.join(folder, "al2023/lib"),
    path.join(folder, "swiftshader"),
  ];
  return chromium.launch({
    executablePath: path.join(folder, "chromium"),
    args: FLAGS,
    env: {
      ...process.env,
      LD_LIBRARY_PATH: [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
      // The fonts' own configuration names folders of another machine.
      XDG_DATA_HOME: path.join(folder, "fonts"),
    },
  });
}

/** Chromium looks for its drivers in the folder of its binary. */
function linkBeside(folder: string, drivers: string): void {
  for (const file of readdirSync(drivers)) {
    try {
      symlinkSync(path.join("swiftshader", file), path.join(folder, file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function systemHasNss(): boolean {
  return ["/lib", "/lib64", "/usr/lib", "/usr/lib64"].some((folder) =>
    [folder, `${folder}/x86_64-linux-gnu`].some((each) => existsSync(`${each}/libnss3.so`)),
  );
}

interface Bundler {
  bundleForBrowser(file: string): Promise<string>;
}

/** One ES module of a TypeScript file and all it imports. */
export async function bundleForBrowser(file: string): Promise<string> {
  const url = pathToFileURL(path.join(root, "scripts/bundle.mjs")).href;
  const bundler = (await import(url)) as Bundler;
  return bundler.bundleForBrowser(path.resolve(root, file));
}
