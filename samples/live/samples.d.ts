/** Made by samples/gallery/live-bundle.ts. */
declare module "samples:about" {
  import type { About } from "../run/sample.ts";

  export const samples: readonly { readonly name: string; readonly about: About }[];
}

declare module "samples:run" {
  import type { RunSample } from "../run/sample.ts";

  export const samples: Readonly<Record<string, () => Promise<{ readonly run: RunSample }>>>;
}

declare module "plotly.js-gl3d-dist-min" {
  import type { PlotlyModule } from "../report/plotly.ts";

  const plotly: PlotlyModule;
  export default plotly;
}
