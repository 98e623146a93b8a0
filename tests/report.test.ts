import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { digitsPlot } from "../samples/mnist-cnn/plots.ts";
import { plotPosterior, plotTrace } from "../samples/python/arviz/plots.ts";
import { drawPlot, standaloneSvg } from "../samples/report/draw.ts";
import {
  attentionMaps,
  code,
  contours,
  heading,
  layered,
  line,
  output,
  plot,
  plot3d,
  points3d,
  prose,
  type Report,
  scatter,
  space,
  surface,
  table,
} from "../samples/report/index.ts";
import { narrowSpec } from "../samples/report/narrow.ts";
import type { PlotSpec } from "../samples/report/sections.ts";
import { writeReport } from "../samples/report/write.ts";

const x = Array.from({ length: 63 }, (_, i) => i * 2);
const noise = (i: number) => 25 * Math.sin(i * 7.3);
const y = x.map((claims, i) => 20 + 3.4 * claims + noise(i));
const epochs = Array.from({ length: 50 }, (_, i) => i);

const everything: Report = {
  title: "Motor insurance in Sweden",
  subtitle: "Linear regression by gradient descent, compiled to `WebAssembly`",
  intro: "A line is fitted to 63 zones: `payment = w * claims + b`.\n\nThe training is one compiled call.",
  sections: [
    heading("Before training"),
    prose("At `w = b = 0.5` the cost is 6621.812 & the line lies far < below the points."),
    plot(
      layered({ x: "Claims", y: "Payment (thousand kronor)" }, [
        scatter("actual", x, y),
        line(
          "predicted",
          x,
          x.map((claims) => 0.5 * claims + 0.5),
        ),
        scatter("80 claims", [80], [287.4], { emphasis: true }),
      ]),
      "Actual and predicted payments, with `w = b = 0.5`.",
      "Points rise from 20 to 450; the predicted line stays below 70.",
    ),
    heading("Training", 3),
    plot(
      layered({ x: "Epoch", y: "Cost", yScale: "log" }, [
        line(
          "cost",
          epochs,
          epochs.map((epoch) => 7800 * 0.9 ** epoch + 725),
        ),
      ]),
      "The cost falls with every epoch.",
    ),
    table(
      ["Epoch", "Cost", "Note"],
      [
        [0, 8572.9, "w = b = 0"],
        [45, 725.47, "<last>"],
      ],
      "Cost every so often.",
    ),
    code("graph @loss(%w: f32[], %x: f32[63]) -> (f32[]) {\n  %0: f32[63] = mul %w, %x\n}", "Its IR."),
    output("Epoch: 0 Cost: 8572.90\nEpoch: 45 Cost: 725.47"),
  ],
};

/** Draws of a parameter. */
const noiseOf = (seed: number) => Array.from({ length: 200 }, (_, i) => Math.sin(i * i + seed));

/** Where each contour begins, from the left. */
function leftsOf(svg: string): number[] {
  return [...svg.matchAll(/aria-roledescription="path mark container".*?<\/g>/gs)].flatMap(([group]) =>
    [...group.matchAll(/ d="M?([^"]*)"/g)].map(([, path]) =>
      Math.min(...[...path!.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x]) => Number(x))),
    ),
  );
}

describe("reports of the samples", () => {
  let folder = "";
  before(async () => {
    // WEFT_REPORT_DIR: keep the example, to look at it.
    folder = process.env.WEFT_REPORT_DIR ?? (await mkdtemp(path.join(tmpdir(), "weft-report-")));
  });
  after(async () => {
    if (process.env.WEFT_REPORT_DIR === undefined) await rm(folder, { recursive: true });
  });

  test("a report is one file that asks nothing of the network", async () => {
    const file = await writeReport(path.join(folder, "made/report.html"), everything);
    const page = await readFile(file, "utf8");
    assert.deepEqual(await readdir(path.dirname(file)), ["report.html"]);
    const addresses = page.match(/(?:https?:)?\/\/[^\s"'<)]+/g) ?? [];
    const namespaces = addresses.filter((address) => address.startsWith("http://www.w3.org/"));
    assert.deepEqual(addresses, namespaces);
    assert.doesNotMatch(page, /<script|@import|<img|NaN|undefined|\[object/);
    assert.equal(page.match(/<div class="plot">/g)?.length, 2);
    assert.equal(page.match(/<figcaption>/g)?.length, 4);
  });

  test("text is escaped, backticks are code", async () => {
    const page = await readFile(await writeReport(path.join(folder, "made/report.html"), everything), "utf8");
    assert.match(
      page,
      /<p>At <code>w = b = 0.5<\/code> the cost is 6621.812 &amp; the line lies far &lt; below/,
    );
    assert.match(page, /<td>&lt;last&gt;<\/td>/);
    assert.match(page, /<td class="number">8572.9<\/td>/);
  });

  test("plots have ids of their own and follow the page's colours", async () => {
    const page = await readFile(await writeReport(path.join(folder, "made/report.html"), everything), "utf8");
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    assert.equal(new Set(ids).size, ids.length);
    assert.match(page, /stroke="var\(--series2, #d9541e\)"/);
    assert.match(page, />predicted</);
  });

  test("a failing plot leaves the report that was there", async () => {
    const file = path.join(folder, "kept.html");
    await writeReport(file, { title: "kept", sections: [] });
    const before = await readFile(file, "utf8");
    const remote = { data: { url: "https://example.com/x.json" }, mark: "point" } as const;
    const broken = { title: "lost", sections: [plot({ ...remote, encoding: {} }, "remote")] };
    await assert.rejects(
      writeReport(file, broken),
      /must carry its data in the specification, not load https:/,
    );
    assert.equal(await readFile(file, "utf8"), before);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });

  test("contours lie where the scales put them", async () => {
    // z = x: the contour of each level is the vertical line at that x.
    const xs = [0, 1, 2, 3, 4];
    const ys = [-4, -3, -2, -1, 0];
    const spec = contours(
      { x: "x", y: "y", z: "z" },
      xs,
      ys,
      ys.map(() => xs),
      { levels: 4 },
    );
    const svg = await drawPlot(spec, "c", "contours");
    // The first level holds everywhere and reaches beyond the frame, which clips it.
    assert.deepEqual(leftsOf(svg).slice(1), [150, 300, 450]);
    assert.throws(() => contours({ x: "", y: "", z: "z" }, xs, ys, [xs]), /z has to have 5 rows of 5 values/);
  });

  test("plots of every kind have a form for phones, no wider than one", async () => {
    const grid = [0, 1, 2, 3, 4];
    const rows = grid.map(() => grid);
    const chains = { sigma: [noiseOf(1), noiseOf(2)], slope: [noiseOf(3), noiseOf(4)] };
    const cells = [0, 1, 2, 3].map((head) => ({ head, row: 0, column: head, weight: 0.5 }));
    const ticks = { names: ["a", "b", "c", "d"], fontSize: 11 };
    const specs: Record<string, PlotSpec> = {
      lines: layered({ x: "x", y: "y" }, [line("l", grid, grid), line("m", grid, grid)]),
      contours: contours({ x: "x", y: "y", z: "z" }, grid, grid, rows),
      trace: plotTrace(chains),
      posterior: plotPosterior(chains),
      attention: attentionMaps(cells, { rows: ticks, columns: ticks, height: 170 }, "maps", "maps").spec,
      digits: digitsPlot(grid.map((n) => ({ title: `digit ${n}`, pixels: new Array(784).fill(n) }))).spec,
    };
    for (const [name, spec] of Object.entries(specs)) {
      const narrow = narrowSpec(spec);
      assert.ok(narrow !== null, name);
      const svg = await drawPlot(narrow, name, name);
      const width = Number(/viewBox="0 0 ([\d.]+) /.exec(svg)?.[1]);
      // The smallest phones show 320 pixels; text of a drawing of 400 is at least 9 of them high there.
      assert.ok(width > 200 && width <= 400, `${name} is ${width} wide`);
    }
    const digits = narrowSpec(specs.digits!);
    assert.ok(
      digits !== null && "columns" in digits && digits.columns === 3,
      "as many as there is place for",
    );
  });

  test("contours for phones are scaled like their axes", async () => {
    const xs = [0, 1, 2, 3, 4];
    const spec = contours(
      { x: "x", y: "y", z: "z" },
      xs,
      xs,
      xs.map(() => xs),
      { levels: 4 },
    );
    const svg = await drawPlot(narrowSpec(spec)!, "c", "contours");
    assert.deepEqual(leftsOf(svg).slice(1), [75, 150, 225]);
  });

  test("a plot in space brings its script, and its data with it", async () => {
    const traces = [
      surface(
        "z",
        [0, 1],
        [0, 1, 2],
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ),
      points3d("p", [0], [1], [2]),
    ];
    const axes = { x: "b</script>", y: "m", z: "loss" };
    const file = await writeReport(path.join(folder, "space/report.html"), {
      title: "space",
      sections: [plot3d(traces, space(axes), "A surface.")],
    });
    const page = await readFile(file, "utf8");
    const [, json] = /<script type="application\/json">(.*?)<\/script>/s.exec(page) ?? [];
    const { data, layout } = JSON.parse(json ?? "");
    assert.deepEqual(data[0].z, [
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    assert.equal(layout.scene.xaxis.title.text, "b</script>");
    assert.match(page, /plotly\.js \(gl3d/);
    assert.throws(() => surface("z", [0, 1], [0], [[1]]), /surface "z": z has to have 1 rows of 2 values/);
  });

  test("a plot as a file of its own has no variables", async () => {
    const spec = layered({ x: "x", y: "y" }, [line("l", [0, 1], [0, 1])]);
    const svg = standaloneSvg(await drawPlot(spec, "a", "a line"));
    assert.doesNotMatch(svg, /var\(/);
    assert.match(svg, /^<svg [^>]*><rect width="100%" height="100%" fill="#ffffff"\/>/);
  });

  test("a series with x and y of different lengths is refused", () => {
    assert.throws(() => line("cost", [1, 2], [1]), /plot "cost": 2 values of x, 1 values of y/);
  });
});
