import { drawTwice } from "../report/draw.ts";
import { inlineHtml } from "../report/html.ts";
import type { PlotSection } from "../report/sections.ts";

/** The plots of a running sample: one place for each id, in the order in which they first came. */
export class LivePlots {
  readonly #place: HTMLElement;
  readonly #figures = new Map<string, HTMLElement>();

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Draws the plot, in place of the one that had its id. */
  async show(id: string, plot: PlotSection): Promise<void> {
    const known = this.#figures.get(id);
    const figure = known ?? document.createElement("figure");
    this.#figures.set(id, figure);
    const svg = await drawTwice(plot, `live-${this.#figures.size}-${id}`);
    // Cleared in the meantime: another sample was chosen.
    if (this.#figures.get(id) !== figure) return;
    figure.innerHTML = `<div class="plot">${svg}</div><figcaption>${inlineHtml(plot.caption)}</figcaption>`;
    if (known === undefined) this.#place.append(figure);
  }

  clear(): void {
    this.#figures.clear();
    this.#place.replaceChildren();
  }
}
