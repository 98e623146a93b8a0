/** "Intuitive AI: Session 2", the linear model: what it prints and plots. */
import { jit, type NdArray, numpy as np, optim, random } from "weft";
import { formatFixed } from "../python/format.ts";
import { LinearRegression as SklearnLinearRegression } from "../python/sklearn/linear-regression.ts";
import { addConstant, OLS } from "../python/statsmodels/ols.ts";
import { summary } from "../python/statsmodels/summary.ts";
import {
  code,
  heading,
  layered,
  line,
  output,
  plot,
  plot3d,
  points3d,
  prose,
  scatter,
  space,
  surface,
  table,
} from "../report/index.ts";
import { onHost } from "../run/device.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { bias, coefficients, einsumForm, m0, m1, makeObservations, onCpu, plane } from "./dataset.ts";
import { flaxL2LossOf, LinearRegression } from "./model.ts";
import { train } from "./training.ts";

export async function run(context: SampleContext): Promise<SampleReport> {
  const { print, quick } = context;
  const observations = makeObservations();
  const { xObs, yObs, yObsNoisy } = observations;

  print(String(plane(0, 1)));
  print(String(plane(1, 0)));
  print(String(onCpu(() => xObs.slice([0, 10]))));
  print(String(plane(...(onCpu(() => xObs.slice(0)).toArray() as [number, number]))));
  print(`(${coefficients.shape.join(", ")}) (${xObs.shape.join(", ")})`);
  print(String(onCpu(() => yObs.slice([0, 5]))));
  print(String(onCpu(() => einsumForm(xObs).slice([0, 5]))));
  print();

  // Flax takes the float64 data of NumPy as float32. Weft leaves that to you.
  const [x, y, yNoisy] = onCpu(() => [
    xObs.astype("float32"),
    yObs.astype("float32"),
    yObsNoisy.astype("float32"),
  ]) as [NdArray, NdArray, NdArray];

  const model = new LinearRegression();
  const key = random.PRNGKey(0);
  const params = model.init(key, x);
  print(await describe(params));
  const architecture = model.tabulate(key, x);
  print(architecture);

  print(await text(model.apply(params, np.array([1, 0]))));

  // L2 loss by hand
  const { kernel: m, bias: b } = params.params.dense;
  const y0Pred = m
    .slice(0)
    .mul(x.slice(0, 0))
    .add(m.slice(1).mul(x.slice(0, 1)))
    .add(b);
  print(await text(y0Pred));
  print(await text(y0Pred.sub(y.slice(0)).pow(2).div(2)));

  // Use optim instead
  const yPred = model.apply(params, x.slice(0));
  print(await text(yPred));
  print(await text(optim.l2Loss(yPred.slice(0), y.slice(0, 0))));
  print(await text(flaxL2LossOf(model)(params, x.slice(0), y.slice(0))));
  print();

  const epochs = quick ? 2000 : 10000;
  const trained = await train("Training", model, params, [x, yNoisy], epochs, context);
  const { state, losses } = trained;
  for (let epoch = 0; epoch < epochs; epoch += epochs / 10) print(`Epoch: ${epoch} Loss: ${losses[epoch]}`);
  print(await describe(state.params));
  print();

  // Exercise: a traditional solver like statsmodels
  const column = (array: NdArray, i: number): NdArray => array.slice(":", i);
  const { results, olsTable } = onCpu(() => {
    const exog = addConstant({ x0: column(xObs, 0), x1: column(xObs, 1) });
    const results = new OLS({ y: column(yObsNoisy, 0) }, exog).fit();
    const olsTable = summary(results);
    return { results, olsTable };
  });
  print(olsTable);
  print();

  // Exercise: any ML method from scikit learn
  const { regression, score } = onCpu(() => {
    const regression = new SklearnLinearRegression().fit(xObs, yObsNoisy);
    return { regression, score: regression.score(xObs, yObsNoisy) };
  });
  print(`coef_: ${regression.coef}`);
  print(`intercept_: ${regression.intercept}`);
  print(`score: ${score}`);

  const predictions = await jit((values: NdArray) => model.apply(state.params, values))(x).data();
  const observed = await yNoisy.data();
  const ends = [Math.min(...observed), Math.max(...observed)];
  const fit = plot(
    layered({ x: "Observed y", y: "Predicted y" }, [
      scatter("Observations", observed, predictions),
      line("Equal", ends, ends),
    ]),
    "What the trained model predicts for each observation.",
  );

  const [w, c] = await parameters(state.params);
  const fixed = (value: number): string => formatFixed(value, 4);
  const rowOf = (name: string, [b0, b1, b2]: readonly number[]): string[] => [
    name,
    fixed(b0!),
    fixed(b1!),
    fixed(b2!),
  ];
  const coef = regression.coef.toArray() as number[][];
  return {
    intro:
      "A plane over random points, with noise, is found again by a neural net of one layer, and by least squares: the " +
      "first half of “Intuitive AI: Session 2”. The points are those of NumPy's generator, bit for bit.",
    thumbnail: trained.plot,
    sections: [
      heading("The function"),
      functionGrid(),
      heading("The observations"),
      observationsPlot(observations),
      heading("Neural nets"),
      output(architecture, "`model.tabulate(key, x)`"),
      prose(`${epochs} epochs of Adam, with all observations in each.`),
      trained.plot,
      fit,
      heading("All of them find the plane"),
      table(
        ["", "m_0", "m_1", "bias"],
        [
          rowOf("the plane", [m0, m1, bias]),
          rowOf(`${epochs} epochs`, [w[0]!, w[1]!, c]),
          rowOf("OLS", [results.params[1]!, results.params[2]!, results.params[0]!]),
          rowOf("LinearRegression", [
            coef[0]![0]!,
            coef[0]![1]!,
            (regression.intercept.toArray() as number[])[0]!,
          ]),
        ],
        `Trace and compile took ${trained.compileMs.toFixed(0)} ms, an epoch ${((1000 * trained.trainMs) / epochs).toFixed(2)} µs.`,
      ),
      output(olsTable, "Ordinary least squares, as statsmodels prints it."),
      heading("What ran"),
      code(trained.kernels, "The kernels of an epoch: forward pass, loss, gradient and Adam."),
    ],
  };
}

/** The plane over a grid of 20 by 20 between -reach and reach. */
function planeSurface(reach: number, opacity: number) {
  const range = onCpu(() => np.linspace(-reach, reach, 20, { dtype: "float64" }).toArray() as number[]);
  const rows = range.map((x1) => range.map((x0) => plane(x0, x1)));
  return surface("Y", range, range, rows, { opacity, colorBar: false });
}

const axes = { x: "X_0", y: "X_1", z: "Y" };

/** The document's plot of its data generating function. */
function functionGrid() {
  return plot3d(
    [planeSurface(5, 1)],
    space(axes),
    "The plane 1.1 x₀ + 2.1 x₁ + 3.1 between -5 and 5. Drag to turn it.",
    "A plane that rises along both axes, steeper along the second.",
  );
}

/** The plane where the observations are, with their noise. */
function observationsPlot({ xObs, yObsNoisy }: ReturnType<typeof makeObservations>) {
  const points = xObs.toArray() as number[][];
  return plot3d(
    [
      planeSurface(10, 0.8),
      points3d(
        "observations",
        points.map(([x0]) => x0!),
        points.map(([, x1]) => x1!),
        (yObsNoisy.toArray() as number[][]).map(([y]) => y!),
        { color: 2, size: 2.5 },
      ),
    ],
    space(axes),
    "The 200 random points with noise, and the plane they were made from.",
    "A plane that rises along both axes, steeper along the second, with points close to it.",
  );
}

type Variables = ReturnType<LinearRegression["init"]>;

async function parameters({ params }: Variables): Promise<[kernel: number[], bias: number]> {
  const { kernel, bias: b } = params.dense;
  return [Array.from(await kernel.data(), Number), Number((await b.data())[0])];
}

async function describe(variables: Variables): Promise<string> {
  const { kernel, bias: b } = variables.params.dense;
  return `{params: {dense: {bias: ${await text(b)}, kernel: ${(await text(kernel)).replace(/\n\s*/g, ", ")}}}}`;
}

/** An array as it prints, wherever it is. */
async function text(x: NdArray): Promise<string> {
  const [host] = await onHost(x);
  return String(host);
}
