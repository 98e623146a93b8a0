/** "Introduction to Machine Learning": what it prints and plots. */
import { type NdArray, numpy as np } from "weft";
import {
  code,
  contours,
  heading,
  layered,
  line,
  plot,
  plot3d,
  points3d,
  prose,
  scatter,
  space,
  surface,
} from "../report/index.ts";
import { onHost } from "../run/device.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { gradOfX2, leastSquares, lossGrid, lossLandscape, makePoints, oneEpoch, x2 } from "./model.ts";

const fixed = (x: NdArray): string => x.item().toFixed(2);

export async function run({ print, show }: SampleContext): Promise<SampleReport> {
  const points = makePoints();
  const [xs, ys] = [await points.x.data(), await points.y.data()];
  print(Array.from(xs.slice(0, 5), (x, i) => `(${x.toFixed(2)}, ${ys[i]!.toFixed(2)})`).join("  "));

  /** The points with lines `[name, offset, slope]` through them. */
  const ends = [Math.min(...xs), Math.max(...xs)];
  const withLines = (...lines: readonly (readonly [name: string, offset: number, slope: number])[]) =>
    layered({ x: "x", y: "y" }, [
      scatter("Points", xs, ys),
      ...lines.map(([name, offset, slope]) =>
        line(
          name,
          ends,
          ends.map((x) => offset + slope * x),
        ),
      ),
    ]);
  const data = plot(withLines(["3 x + 2", 2, 3]), "The jittery points and the line they were made from.");
  await show("data", data);

  const fit = leastSquares(points);
  const [beta0, beta1] = await onHost(fit.beta0, fit.beta1);
  print();
  print(`beta_0: ${fixed(beta0)}`);
  print(`beta_1: ${fixed(beta1)}`);
  const fitted = plot(
    withLines(["3 x + 2", 2, 3], ["Least squares", beta0.item(), beta1.item()]),
    "The real and the fitted line are nearly the same.",
  );

  print();
  const [at34] = await onHost(x2([np.array(3), np.array(4)]));
  print(`x2(3, 4)= ${at34.item().toFixed(1)}`);
  for (const [x, y] of [
    [1, 1],
    [2, 3],
    [3, 4],
  ] as const) {
    const gradient = await onHost(...gradOfX2([np.array(x), np.array(y)]));
    print(`grad_of_x2(${x}, ${y})= (${gradient.join(", ")})`);
  }

  print();
  let beta: NdArray = np.array([1.0, 1.0]);
  for (let iEpoch = 0; iEpoch < 10; iEpoch++) {
    beta = await oneEpoch(beta, points, iEpoch, print);
  }
  const [final] = await onHost(beta);
  print(`Final parameters: ${final}`);

  print();
  beta = np.array([1.0, 1.0]);
  const betaHistory = [beta];
  const coordinates = (which: 0 | 1) =>
    Promise.all(betaHistory.map(async (each) => (await each.data())[which]!));
  const history = async (which: 0 | 1, name: string, axis: string) =>
    plot(
      layered({ x: "Epoch Number", y: axis }, [
        line(
          axis,
          betaHistory.map((_, epoch) => epoch),
          await coordinates(which),
        ),
      ]),
      `${name} Coordinate vs. Epoch Number`,
    );
  for (let i = 0; i < 50; i++) {
    beta = await oneEpoch(beta, points, i, print);
    betaHistory.push(beta);
    if (i % 5 !== 4) continue;
    await show("offset", await history(0, "Offset", "β₀ – Offset Coordinate"));
    await show("slope", await history(1, "Slope", "β₁ – Slope Coordinate"));
  }
  const [nnBeta0, nnBeta1] = await onHost(...beta);
  print();
  print(`beta_0 (b): ${fixed(nnBeta0)} - least squares: ${fixed(beta0)}`);
  print(`beta_1 (m): ${fixed(nnBeta1)} - least squares: ${fixed(beta1)}`);

  const { bRange, mRange, losses } = lossLandscape(points);
  const [bs, ms, grid] = [await bRange.data(), await mRange.data(), await losses.data()];
  const rows = Array.from(ms, (_, i) => grid.slice(20 * i, 20 * i + 20));
  const [walkB, walkM] = [await coordinates(0), await coordinates(1)];
  const walkLoss = walkB.map((b, i) => meanSquare(xs, ys, b, walkM[i]!));
  const flat = plot(
    contours({ x: "b", y: "m", z: "loss" }, bs, ms, rows, {
      path: { name: "gradient descent", x: walkB, y: walkM },
    }),
    "The same landscape as filled contours, with the 50 epochs of the training from (1, 1).",
  );
  await show("contours", flat);

  return {
    intro:
      "A hundred points of `y = 3 x + 2` with jitter. The line is found again in closed form and by gradient descent, " +
      "as in “Introduction to Machine Learning”. The keys are the document's, so the points are JAX's own.",
    thumbnail: flat,
    sections: [
      heading("The points"),
      data,
      heading("Least squares"),
      prose("Slope and offset in closed form, from five sums."),
      fitted,
      heading("Gradient descent"),
      prose(
        "Fifty epochs with learning rate 0.1 from `beta = [1, 1]`. Twenty would do; the printed steps are below.",
      ),
      await history(0, "Offset", "β₀ – Offset Coordinate"),
      await history(1, "Slope", "β₁ – Slope Coordinate"),
      heading("What does the loss landscape look like?"),
      plot3d(
        [
          surface("loss", bs, ms, rows, { opacity: 0.92 }),
          points3d("gradient descent", walkB, walkM, walkLoss, { color: 2, line: true, size: 2.5 }),
        ],
        space({ x: "b", y: "m", z: "loss" }),
        "The loss over offset b and slope m, and the way of the training. Drag to turn it.",
        "A valley, steep along m and flat along b, with its lowest point near b = 2 and m = 3.",
      ),
      flat,
      heading("What ran"),
      code(
        lossGrid.lower(points.x, points.y, mRange, bRange).compile().asText({ stage: "kernel" }),
        "The 400 losses are one kernel.",
      ),
    ],
  };
}

/** The mean squared error of a line, for the points of the path; in double precision, as only the plot needs it. */
function meanSquare(xs: ArrayLike<number>, ys: ArrayLike<number>, b: number, m: number): number {
  let sum = 0;
  for (let i = 0; i < xs.length; i++) sum += (m * xs[i]! + b - ys[i]!) ** 2;
  return sum / xs.length;
}
