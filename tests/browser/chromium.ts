/**
 * A real Chromium for tests, with WebGPU on a software adapter: `@sparticuz/chromium`'s binary driven by playwright-core.
 * One browser per test file, closed when its tests are done. On other platforms than Linux x64 an installed Chrome is
 * used. `CHROMIUM` names another binary.
 */
import { existsSync, readdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type JSHandle, type Page } from "playwright-core";
import { unpackArchives } from "../../runtime/webgpu/chromium-archives.ts";
import { root } from "../helpers/paths.ts";
import { type Routes, type Server, serve } from "./serve.ts";

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

let launched: Promise<Browser> | null = null;

after(async () => {
  const browser = await launched;
  await browser?.close();
});

/** The browser of this test file, launched when it is first asked for. Throws where none can be had. */
export function browser(): Promise<Browser> {
  launched ??= launch();
  return launched;
}

async function launch(): Promise<Browser> {
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

/**
 * Runs `body` with a new page of `site` (a folder or routes), opened at its `/`. Fails if the page throws, logs an
 * error or misses a file.
 */
export async function withPage<T>(
  site: string | Routes,
  body: (page: Page, server: Server) => Promise<T>,
): Promise<T> {
  const server = await serve(site);
  const context = await (await browser()).newContext();
  const problems: string[] = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => problems.push(`uncaught: ${error.stack ?? error.message}`));
    page.on("requestfailed", (request) =>
      problems.push(`request: ${request.url()} ${request.failure()?.errorText}`),
    );
    await page.goto(server.url);
    const result = await body(page, server);
    if (problems.length > 0) throw new Error(`the page reported\n${problems.join("\n")}`);
    return result;
  } catch (error) {
    if (problems.length > 0 && error instanceof Error && !error.message.startsWith("the page reported")) {
      error.message += `\nthe page reported\n${problems.join("\n")}`;
    }
    throw error;
  } finally {
    await context.close();
    await server.close();
  }
}

/**
 * Bundles a TypeScript file for the browser (`weft` is the source beside it), loads it in an empty page and gives its
 * exports: `module.evaluate((m) => m.train())` runs one there.
 */
export async function withModule<M, T>(
  file: string,
  body: (module: JSHandle<M>, page: Page) => Promise<T>,
): Promise<T> {
  const routes = { "/": "<!doctype html><title>test</title>", "/module.js": await bundleForBrowser(file) };
  return withPage(routes, async (page) => {
    const module = await page.evaluateHandle((url) => import(url) as Promise<unknown>, "/module.js");
    return body(module as JSHandle<M>, page);
  });
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
