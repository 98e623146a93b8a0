/** WebGPU in Node: Dawn, from the package `webgpu`; on SwiftShader, a software driver, where the machine has no GPU. */
import { NoAdapterError } from "../errors.ts";
import { unpackArchives } from "./chromium-archives.ts";
import { type DawnClasses, restWhileWaiting } from "./software-rest.ts";

interface Dawn {
  create(options: readonly string[]): GPU;
  readonly globals: DawnClasses;
}

// Flags of dlopen on Linux. NODELETE keeps a library mapped although Node closes it again, as it is no module of Node.
const RTLD_NOW = 0x2;
const RTLD_GLOBAL = 0x100;
const RTLD_NODELETE = 0x1000;

/** Declared cache: Dawn's entry point. It has to live as long as its adapters. */
let found: GPU | null = null;

export async function requestNodeAdapter(): Promise<GPUAdapter> {
  const { create, globals } = await loadDawn();
  // Without a Vulkan loader Dawn would print a warning of its own.
  if (found !== null || process.platform !== "linux" || mapLibrary(VULKAN)) {
    const gpu = found ?? create([]);
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter !== null) {
      if (found === null && isSwiftShader(adapter)) restWhileWaiting(globals);
      found = gpu;
      return adapter;
    }
  }
  if (!(await useSwiftShader())) {
    throw new NoAdapterError(
      "no GPU was found that Dawn can use, and no software driver: " +
        "npm install --save-dev @sparticuz/chromium (Linux x64) for SwiftShader, set VK_ICD_FILENAMES to a Vulkan " +
        'driver of your own, or use device("wasm").',
    );
  }
  // A new instance looks for drivers anew.
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) {
    throw new NoAdapterError('no GPU was found, and SwiftShader could not be started: use device("wasm").');
  }
  found = gpu;
  if (isSwiftShader(adapter)) {
    console.warn("weft: no GPU found; WebGPU runs on SwiftShader, in software");
    restWhileWaiting(globals);
  }
  return adapter;
}

function isSwiftShader(adapter: GPUAdapter): boolean {
  return adapter.info.architecture === "swiftshader";
}

async function loadDawn(): Promise<Dawn> {
  // Bundlers of programs for the browser would look for the package.
  const name: string = ["web", "gpu"].join("");
  try {
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as Dawn;
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND")
      throw error;
    throw new NoAdapterError("WebGPU in Node needs the package `webgpu`: npm install webgpu");
  }
}

/** Lets the Vulkan loader find SwiftShader; false where it is not to be had. */
async function useSwiftShader(): Promise<boolean> {
  const folder = await unpackArchives(["swiftshader"]);
  if (folder === null) return false;
  // A driver that the user chose is what is used.
  if (process.env.VK_DRIVER_FILES === undefined)
    process.env.VK_ICD_FILENAMES ??= `${folder}/swiftshader/vk_swiftshader_icd.json`;
  return mapLibrary(VULKAN) || mapLibrary(`${folder}/swiftshader/${VULKAN}`);
}

/** The Vulkan loader. Dawn opens it by this name, which the dynamic linker finds among the libraries mapped already. */
const VULKAN = "libvulkan.so.1";

/** Maps a library into this process for good; false where there is none. */
function mapLibrary(file: string): boolean {
  try {
    process.dlopen({ exports: {} }, file, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    return true;
  } catch (error) {
    // It is mapped, and Node complains that it is no module of Node.
    return String(error).includes("self-register");
  }
}
