import type { PlotlyModule } from "./plotly.ts";

export function drawSpace(plotly: PlotlyModule, root: ParentNode): void;
