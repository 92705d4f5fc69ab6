// Draws <figure data-chart="ID of a JSON block"> with ECharts, on a canvas:
// the SVG renderer and HTML tooltips would write style attributes, which the
// content security policy refuses.
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import {
  AriaComponent,
  BrushComponent,
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
  BrushComponent,
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
  CanvasRenderer,
]);

/** Let a span be drawn across the chart, which leads to it: `url` with the span's `since` and `until`. */
function brushable(chart, { url, since, until }) {
  const take = () =>
    chart.dispatchAction({ type: "takeGlobalCursor", key: "brush", brushOption: { brushType: "lineX", brushMode: "single" } });
  take();
  document.addEventListener("theme:change", take);
  chart.on("brushEnd", ({ areas: [area] }) => {
    if (!area) return;
    const [first, last] = area.coordRange.map((at) => Math.min(Math.max(at, 0), since.length - 1));
    const address = new URL(url, location.href);
    address.searchParams.set("since", since[first]);
    address.searchParams.set("until", until[last]);
    location.assign(address);
  });
}

/** Draw the figure's chart, redraw it on a change of size or theme. */
export function draw(figure) {
  const source = document.getElementById(figure.dataset.chart);
  const canvas = figure.querySelector(".chart-canvas");
  if (!source || !canvas) return;
  const data = JSON.parse(source.textContent);
  const chart = echarts.init(canvas, null, { renderer: "canvas" });
  const paint = () => chart.setOption(options(data, figure), { notMerge: true });
  paint();
  if (data.brush) brushable(chart, data.brush);

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
