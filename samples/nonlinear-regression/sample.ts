/** "Intuitive AI: Session 2", data that are not linear: what it prints and plots. */
import { type NdArray, type nn, random } from "weft";
import { LinearRegression, type Model } from "../linear-regression/model.ts";
import { type Trained, train } from "../linear-regression/training.ts";
import { code, heading, layered, line, output, plot, prose, scatter, table } from "../report/index.ts";
import { onHost } from "../run/device.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { DeepRegression, makeParabola, NonLinearRegression } from "./model.ts";

interface Fit extends Trained {
  readonly architecture: string;
  /** At each x: f32[100] */
  readonly predictions: ArrayLike<number>;
}

export async function run(context: SampleContext): Promise<SampleReport> {
  const { print, show, quick } = context;
  const key = random.PRNGKey(0);
  const { xNonLinear, yNonLinear } = makeParabola();
  const [xs, ys] = [await xNonLinear.data(), await yNonLinear.data()];
  const data = plot(
    layered({ x: "x", y: "y" }, [line("2 x²", xs, ys)]),
    "The data: a hundred points of a parabola.",
  );
  await show("data", data);

  // Shape Problems
  const model = new LinearRegression();
  const wrong = model.init(key, xNonLinear);
  print(`(${wrong.params.dense.kernel.shape.join(", ")})`);

  // We need to reshape X
  const x = xNonLinear.slice("...", null);
  const y = yNonLinear.slice("...", null);
  print(await text(x.slice([0, 5])));
  print();

  const epochs = quick ? 2000 : 10000;
  const fit = async (name: string, each: Model): Promise<Fit> => {
    const params: nn.VariableDict = each.init(key, x);
    const architecture = each.tabulate(key, x);
    print(architecture);
    const trained = await train(name, each, params, [x, y], epochs, context);
    for (let epoch = 0; epoch < epochs; epoch += epochs / 5) {
      print(`Epoch: ${epoch} Loss: ${trained.losses[epoch]}`);
    }
    print(`Epoch: ${epochs - 1} Loss: ${trained.losses[epochs - 1]}`);
    const yPred = each.apply(trained.state.params, x);
    print(await text(yPred.slice([0, 5])));
    print();
    return { ...trained, architecture, predictions: await yPred.data() };
  };

  const linear = await fit("Linear", model);
  const deep = await fit("10–10–1", new DeepRegression());
  const wide = await fit("128–relu–1", new NonLinearRegression());

  const terrible = plot(
    layered({ x: "x", y: "y" }, [line("Actual", xs, ys), line("Predicted", xs, linear.predictions)]),
    "This is a terrible fit: no straight line is better than a flat one, to whose height the training is still on its way.",
  );
  const comparison = plot(
    layered({ x: "x", y: "y" }, [
      // Points: a line would lie under that of the wide model.
      scatter("Actual", xs, ys),
      line("Linear", xs, linear.predictions),
      line("10–10–1 (all linear)", xs, deep.predictions),
      line("128–relu–1", xs, wide.predictions),
    ]),
    `All models after ${epochs} epochs.${quick ? "" : " The line of the wide one lies on the data's."}`,
  );
  await show("comparison", comparison);

  const worst = (fitted: Fit): string =>
    Math.max(...Array.from(ys, (value, i) => Math.abs(value - fitted.predictions[i]!))).toFixed(2);
  const row = (name: string, fitted: Fit): (string | number)[] => [
    name,
    fitted.losses[0]!.toFixed(0),
    fitted.losses[epochs - 1]!.toFixed(2),
    worst(fitted),
    fitted.compileMs.toFixed(0),
    ((1000 * fitted.trainMs) / epochs).toFixed(1),
  ];
  return {
    intro:
      "The second half of “Intuitive AI: Session 2”: a parabola. A linear model cannot fit it, nor can three linear " +
      "layers on top of one another; one wide layer with a relu can.",
    thumbnail: comparison,
    sections: [
      heading("What if data is non linear?"),
      data,
      heading("The linear model"),
      terrible,
      heading("Three layers, made in setup"),
      output(deep.architecture, "`model.tabulate(key, x)`"),
      prose(
        "Layers without a nonlinearity between them are a straight line again, however many there are: the document " +
          "shows this form first, and trains the second.",
      ),
      deep.plot,
      heading("One wide layer with a relu, made where it is used"),
      output(wide.architecture, "`model.tabulate(key, x)`"),
      wide.plot,
      heading("Predictions"),
      comparison,
      table(
        ["Model", "Loss at first", `After ${epochs} epochs`, "Largest error", "Compile, ms", "Epoch, µs"],
        [row("Linear", linear), row("10–10–1", deep), row("128–relu–1", wide)],
        "An epoch is a gradient over all hundred points and a step of Adam; 500 of them are one call.",
      ),
      heading("What ran"),
      code(wide.kernels, "The kernels of an epoch of the wide model."),
    ],
  };
}

/** An array as it prints, wherever it is. */
async function text(x: NdArray): Promise<string> {
  const [host] = await onHost(x);
  return String(host);
}
