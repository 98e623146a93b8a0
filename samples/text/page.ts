/** The page on which a trained model writes: a form, and the generator that `weft compile` made. No compiler is in it. */

/** What the page is told of its model: `model.json`. */
export interface PageModel {
  readonly title: string;
  readonly characters: string;
  /** The length of the generator's prompts. */
  readonly context: number;
}

interface Result {
  readonly data: Int32Array;
}

/** The function that `write.js` has, of samples/NAME/writer.ts; on WebGPU it returns a promise. */
type Write = (
  prompt: Int32Array,
  given: number,
  seed: number,
  part: number,
  temperature: number,
  topK: number,
) => Result | Promise<Result>;

type Load = (options: { readonly device: string }) => Promise<Write>;

/** An element that stands in the page's own markup. */
function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

const numberOf = (id: string): number => element<HTMLInputElement>(id).valueAsNumber;

const model = (await (await fetch("model.json")).json()) as PageModel;
const { default: load } = (await import(new URL("write.js", location.href).href)) as { default: Load };
const numbers = new Map([...model.characters].map((character, i) => [character, i]));
const loaded = new Map<string, Promise<Write>>();
/** Counts the runs: one that finds another begun stops. */
let run = 0;

element("page").innerHTML = `
<header><h1>${model.title} writes</h1>
<p class="subtitle">Compiled ahead of time; this page holds the trained model and a loader, and nothing of the compiler.</p></header>
<form id="form">
<label class="wide">Prompt <input id="prompt" value="The whale " autocomplete="off" spellcheck="false"></label>
<label>Temperature <output id="temperature-value"></output>
<input id="temperature" type="range" min="0.1" max="2" step="0.05" value="0.8"></label>
<label>Top-k <output id="topk-value"></output>
<input id="topk" type="range" min="1" max="${model.characters.length}" step="1" value="${Math.min(20, model.characters.length)}"></label>
<label>Characters <input id="length" type="number" min="1" max="100000" value="500"></label>
<label>Seed <input id="seed" type="number" min="0" max="2147483647" value="1"></label>
<fieldset><legend>Backend</legend>
<label><input type="radio" name="device" value="wasm" checked> WebAssembly</label>
<label><input type="radio" name="device" value="webgpu"> WebGPU</label></fieldset>
<div class="buttons"><button type="submit" id="write">Write</button>
<button type="button" id="stop" disabled>Stop</button></div>
</form>
<p id="status" role="status"></p>
<figure class="output"><div class="scroll" tabindex="0" role="region" aria-label="text"><pre><samp id="text"></samp></pre></div></figure>`;

const status = element("status");
const text = element("text");

for (const id of ["temperature", "topk"]) {
  const show = (): void => {
    element(`${id}-value`).textContent = String(numberOf(id));
  };
  element(id).addEventListener("input", show);
  show();
}
if (!("gpu" in navigator)) {
  const input = document.querySelector<HTMLInputElement>('input[value="webgpu"]')!;
  input.disabled = true;
  input.parentElement!.append(" (this browser has none)");
}

/** Throws an Error that names what the model does not know. */
function encode(prompt: string): number[] {
  const unknown = [...new Set(prompt)].filter((character) => !numbers.has(character));
  if (unknown.length > 0) {
    throw new Error(`the model does not know ${unknown.join(" ")}; it knows ${model.characters.trim()}`);
  }
  if (prompt === "") throw new Error("the prompt needs at least one character");
  return Array.from(prompt, (character) => numbers.get(character)!);
}

function end(message: string, failed = false): void {
  run++;
  status.textContent = message;
  status.classList.toggle("failed", failed);
  element<HTMLButtonElement>("write").disabled = false;
  element<HTMLButtonElement>("stop").disabled = true;
}

/** Writes as `writeText` of write.ts does: what goes on behind the last half of a context, until there is enough. */
async function write(): Promise<void> {
  const { context, characters } = model;
  const prompt = element<HTMLInputElement>("prompt").value;
  const [seed, temperature, topK, length] = ["seed", "temperature", "topk", "length"].map(numberOf);
  const device = new FormData(element<HTMLFormElement>("form")).get("device") as string;
  const written = encode(prompt);
  text.textContent = prompt;
  const own = ++run;
  status.textContent = "loading …";
  status.classList.remove("failed");
  element<HTMLButtonElement>("write").disabled = true;
  element<HTMLButtonElement>("stop").disabled = false;
  if (!loaded.has(device)) loaded.set(device, load({ device }));
  const generate = await loaded.get(device)!;
  let spent = 0;
  const drawn = (): string =>
    `${written.length - prompt.length} characters, ${(spent / (written.length - prompt.length)).toFixed(2)} ms each`;
  for (let part = 0; written.length < length!; part++) {
    const known = written.length < context ? written : written.slice(-Math.floor(context / 2));
    const padded = Int32Array.from({ length: context }, (_, i) => known[i] ?? 0);
    const before = performance.now();
    const { data } = await generate(padded, known.length, seed!, part, temperature!, topK!);
    spent += performance.now() - before;
    if (own !== run) return;
    written.push(...data.slice(known.length, known.length + length! - written.length));
    text.textContent = Array.from(written, (number) => characters[number]).join("");
    status.textContent = drawn();
    // The page draws what there is.
    await new Promise(requestAnimationFrame);
    if (own !== run) return;
  }
  end(
    written.length > prompt.length ? `done: ${drawn()}` : "done: the prompt is as long as the text is to be",
  );
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  write().catch((error: unknown) => end(error instanceof Error ? error.message : String(error), true));
});
element("stop").addEventListener("click", () => end("stopped"));
document.body.dataset.ready = "";
