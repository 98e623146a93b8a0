/** A real Chromium for tests: one browser per test file, closed when its tests are done. */
import { after } from "node:test";
import type { Browser, JSHandle, Page } from "playwright-core";
import { bundleForBrowser, launch } from "./launch.ts";
import { type Routes, type ServeOptions, type Server, serve } from "./serve.ts";

export { bundleForBrowser } from "./launch.ts";

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

/**
 * Runs `body` with a new page of `site` (a folder or routes), opened at its `/`. Fails if the page throws, logs an
 * error or misses a file.
 */
export async function withPage<T>(
  site: string | Routes,
  body: (page: Page, server: Server) => Promise<T>,
  options: ServeOptions = {},
): Promise<T> {
  const server = await serve(site, options);
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
  options: ServeOptions = {},
): Promise<T> {
  const routes = { "/": "<!doctype html><title>test</title>", "/module.js": await bundleForBrowser(file) };
  const inPage = async (page: Page): Promise<T> => {
    const module = await page.evaluateHandle((url) => import(url) as Promise<unknown>, "/module.js");
    return body(module as JSHandle<M>, page);
  };
  return withPage(routes, inPage, options);
}
