// Draws the plots in space of a page. Plain JavaScript, as reports carry it as it stands.

/** In pixels. */
const NARROW = 480;
const FARTHER = 1.45;

/**
 * Draws each `.space` below `root` from the JSON in it, and again when the page turns light or dark.
 *
 * @param {{ react(element: Element, data: object[], layout: object, config: object): Promise<unknown> }} plotly
 * @param {ParentNode} root
 */
export function drawSpace(plotly, root) {
  const draw = () => {
    for (const element of root.querySelectorAll(".space")) {
      const place = element.querySelector("div");
      const plot = withColors(JSON.parse(element.querySelector("script").textContent));
      const { data, layout } = place.clientWidth < NARROW ? farther(plot) : plot;
      plotly.react(place, data, layout, { displaylogo: false, responsive: true, scrollZoom: false });
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** On a phone: from farther away, so that the labels of the axes are in sight, and without the bar that repeats one of them. */
function farther({ data, layout }) {
  const { camera } = layout.scene;
  const eye = Object.fromEntries(Object.entries(camera.eye).map(([axis, at]) => [axis, FARTHER * at]));
  return {
    data: data.map((trace) => ({ ...trace, showscale: false })),
    layout: { ...layout, scene: { ...layout.scene, camera: { ...camera, eye } } },
  };
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
