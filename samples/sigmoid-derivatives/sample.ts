/** "Introduction into JAX and Haiku", its first plot. */
import { makeJaxpr, type NdArray, numpy as np } from "weft";
import { code, heading, layered, line, plot, prose } from "../report/index.ts";
import { onHost } from "../run/device.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { gradient, hessian, sigmoid } from "./model.ts";

/** The value of a scalar. */
const number = async (x: NdArray): Promise<number> => (await x.data())[0]!;

export async function run({ print, show }: SampleContext): Promise<SampleReport> {
  const xRange = np.linspace(-5, 5, 100);
  const xs = await xRange.data();
  const first = await Promise.all([...xRange].map((x) => number(gradient(x))));
  const second = await Promise.all([...xRange].map((x) => number(hessian(x))));

  const curves = plot(
    layered({ x: "x", y: "" }, [
      line("derivative", xs, first),
      line("hessian", xs, second),
      line("σ", xs, await sigmoid(xRange).data()),
    ]),
    "The sigmoid, its derivative and its second derivative at 100 points.",
    "An S from 0 to 1, a bell of height one quarter, and a wave that crosses zero at 0.",
  );
  await show("curves", curves);
  const zero = np.array(0);
  const [value, slope, bend] = await onHost(sigmoid(zero), gradient(zero), hessian(zero));
  print(`sigmoid(0) = ${value.item()}`);
  print(`derivative at 0 = ${slope.item()}`);
  print(`second derivative at 0 = ${bend.item()}`);

  return {
    intro:
      "`grad` of a function is a function, so it can be differentiated again. This is the first code of “Introduction " +
      "into JAX and Haiku”.",
    sections: [
      curves,
      prose("The second derivative is zero at 0: there the slope is greatest."),
      heading("What `grad` made"),
      code(String(makeJaxpr(sigmoid)(np.array(0))), "The sigmoid of a scalar."),
      code(String(makeJaxpr(gradient)(np.array(0))), "Its derivative."),
      code(String(makeJaxpr(hessian)(np.array(0))), "The derivative of that."),
    ],
  };
}
