// The charting library is large: it is fetched only where a chart stands.
import { whenPresent } from "./page.js";

whenPresent("figure[data-chart]", async (figure) => {
  const { draw } = await import(figure.dataset.chartSrc);
  draw(figure);
});
