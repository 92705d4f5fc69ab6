// Draws <figure data-chart="ID of a JSON block"> with ECharts, on a canvas:
// the SVG renderer and HTML tooltips would write style attributes, which the
// content security policy refuses.
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { options } from "./js/chart-options.js";

echarts.use([
  BarChart,
  HeatmapChart,
  LineChart,
  AriaComponent,
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
  CanvasRenderer,
]);

/** Draw the figure's chart, redraw it on a change of size or theme. */
export function draw(figure) {
  const source = document.getElementById(figure.dataset.chart);
  const canvas = figure.querySelector(".chart-canvas");
  if (!source || !canvas) return;
  const data = JSON.parse(source.textContent);
  const chart = echarts.init(canvas, null, { renderer: "canvas" });
  const paint = () => chart.setOption(options(data, figure), { notMerge: true });
  paint();

  chart.on("click", ({ data: point }) => {
    if (point?.href) location.assign(point.href);
  });
  const watch = new ResizeObserver(() => chart.resize());
  watch.observe(canvas);
  document.addEventListener("theme:change", paint);
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.detail.elt !== figure) return;
    watch.disconnect();
    document.removeEventListener("theme:change", paint);
    chart.dispose();
  });
}
