/** What reports and the live page use of Plotly. */
export interface PlotlyModule {
  react(element: Element, data: object[], layout: object, config: object): Promise<unknown>;
}
