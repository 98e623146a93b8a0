// Draws the plots in space of a page. Plain JavaScript, as reports carry it as it stands.

/**
 * Draws each `.space` below `root` from the JSON in it, and again when the page turns light or dark.
 *
 * @param {{ react(element: Element, data: object[], layout: object, config: object): Promise<unknown> }} plotly
 * @param {ParentNode} root
 */
export function drawSpace(plotly, root) {
  const draw = () => {
    for (const element of root.querySelectorAll(".space")) {
      const { data, layout } = withColors(JSON.parse(element.querySelector("script").textContent));
      const place = element.querySelector("div");
      plotly.react(place, data, layout, { displaylogo: false, responsive: true, scrollZoom: false });
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** Plotly knows no CSS: colours written as `var(--ink)` become what the variable is now. */
function withColors(value) {
  const style = getComputedStyle(document.documentElement);
  const replace = (each) => {
    if (typeof each === "string") {
      return each.replace(/^var\((--[a-z0-9]+)\)$/, (_, name) => style.getPropertyValue(name).trim());
    }
    if (Array.isArray(each)) return each.map(replace);
    if (each === null || typeof each !== "object") return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, replace(inner)]));
  };
  return replace(value);
}
