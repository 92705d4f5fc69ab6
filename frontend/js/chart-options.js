// From our small description of a chart to ECharts' options.
//
// {type: "bar" | "line" | "stacked" | "area" | "heat",
//  x: [label, …], y: [label, …] (heat only), unit: "%",
//  series: [{name, values: [number | null, …], tone, links: [url | null, …], dashed}],
//  band: {name, low: [...], high: [...]},  marks: [{x, label}],
//  brush: {url, since: [time, …], until: [time, …]}}: a span drawn across it leads to url with since and until.
// For heat, series[0].values is [[column, row, number], …].

const TONES = ["accent", "teal", "amber", "pink", "green", "violet", "orange", "blue", "grey", "red"];

/** Colours as the browser sees them now: light-dark() and variables resolved. */
function palette(figure) {
  const probe = document.createElement("span");
  probe.hidden = true;
  figure.append(probe);
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const names = [...TONES, "ink", "ink-soft", "ink-faint", "rule", "rule-strong", "paper-raised", "paper-sunken", "accent-soft"];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  probe.remove();
  return colours;
}

const font = '"Inter", system-ui, sans-serif';

function axes(data, colours) {
  const label = { color: colours["ink-faint"], fontFamily: font, fontSize: 11, hideOverlap: true };
  const x = {
    type: "category",
    data: data.x,
    boundaryGap: data.type === "bar" || data.type === "stacked" || data.type === "heat",
    axisLine: { lineStyle: { color: colours["rule-strong"] } },
    axisTick: { show: false },
    // A dozen names are all told where they fit; of more, every second or third will do.
    axisLabel: { ...label, interval: data.x.length <= 12 ? 0 : "auto" },
  };
  const y =
    data.type === "heat"
      ? { type: "category", data: data.y, inverse: true, axisLine: { show: false }, axisTick: { show: false }, axisLabel: label }
      : {
          type: "value",
          splitNumber: 4,
          minInterval: data.unit ? 0 : 1,
          axisLabel: { ...label, formatter: data.unit === "%" ? "{value} %" : "{value}" },
          splitLine: { lineStyle: { color: colours.rule } },
        };
  return { xAxis: x, yAxis: y };
}

function points(series) {
  return series.values.map((value, index) => ({ value, href: series.links?.[index] ?? undefined }));
}

function drawn(data, colours) {
  const bars = data.type === "bar" || data.type === "stacked";
  return (data.series ?? []).map((series, index) => {
    const colour = colours[series.tone ?? TONES[index % TONES.length]] ?? colours.accent;
    const common = { name: series.name, color: colour, data: points(series), emphasis: { focus: "none" } };
    if (bars) {
      return {
        ...common,
        type: "bar",
        stack: data.type === "stacked" ? "all" : undefined,
        barMaxWidth: 28,
        barGap: "12%",
        itemStyle: { borderRadius: data.type === "bar" ? [2, 2, 0, 0] : 0 },
      };
    }
    return {
      ...common,
      type: "line",
      symbol: "circle",
      symbolSize: 5,
      showSymbol: series.values.length <= 2,
      lineStyle: { width: 2, type: series.dashed ? "dashed" : "solid" },
      areaStyle: data.type === "area" ? { opacity: 0.12 } : undefined,
    };
  });
}

/** What was expected, as a shaded band: an invisible floor with the rest stacked on it. */
function band(data, colours) {
  if (!data.band) return [];
  const plain = { type: "line", stack: "band", symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
  const height = data.band.high.map((high, index) => high - data.band.low[index]);
  return [
    { ...plain, data: data.band.low },
    { ...plain, name: data.band.name, data: height, color: colours["rule-strong"], areaStyle: { color: colours["ink-faint"], opacity: 0.18 } },
  ];
}

function marks(data, colours) {
  if (!data.marks?.length) return undefined;
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.red, type: "dashed", width: 1 },
    label: { color: colours["ink-soft"], fontFamily: font, fontSize: 11, formatter: ({ name }) => name },
    data: data.marks.map((mark) => ({ xAxis: mark.x, name: mark.label })),
  };
}

function heat(data, colours) {
  const values = data.series[0].values;
  const highest = Math.max(1, ...values.map((one) => one[2]));
  return {
    visualMap: { show: false, min: 0, max: highest, inRange: { color: [colours["paper-sunken"], colours.accent] } },
    series: [{ type: "heatmap", name: data.series[0].name, data: values, itemStyle: { borderColor: colours["paper-raised"], borderWidth: 2, borderRadius: 3 } }],
  };
}

export function options(data, figure) {
  const colours = palette(figure);
  const named = (data.series?.length ?? 0) + (data.band ? 1 : 0);
  const hasLegend = data.type !== "heat" && named > 1;
  const text = { color: colours.ink, fontFamily: font, fontSize: 12 };
  const shared = {
    animation: false,
    textStyle: { fontFamily: font },
    grid: { left: 4, right: 12, top: hasLegend ? 32 : 12, bottom: 4, containLabel: true },
    legend: hasLegend
      ? { left: 0, top: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, itemGap: 16, type: "scroll", textStyle: { ...text, color: colours["ink-soft"] } }
      : undefined,
    tooltip: {
      trigger: data.type === "heat" ? "item" : "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colours["paper-raised"],
      borderColor: colours["rule-strong"],
      borderWidth: 1,
      padding: [8, 10],
      shadowBlur: 0,
      shadowOffsetX: 0,
      shadowOffsetY: 0,
      textStyle: text,
      axisPointer: { type: data.type === "bar" || data.type === "stacked" ? "shadow" : "line", lineStyle: { color: colours["rule-strong"] }, shadowStyle: { color: colours["rule"], opacity: 0.5 } },
      valueFormatter: (value) => (value == null ? "–" : `${value.toLocaleString(document.documentElement.lang)}${data.unit ? ` ${data.unit}` : ""}`),
    },
    brush: data.brush ? { xAxisIndex: 0, brushStyle: { color: colours["accent-soft"], borderColor: colours.accent }, throttleType: "debounce" } : undefined,
    ...axes(data, colours),
  };
  if (data.type === "heat") return { ...shared, ...heat(data, colours) };
  const series = [...band(data, colours), ...drawn(data, colours)];
  const target = series.at(-1);
  if (target) target.markLine = marks(data, colours);
  return { ...shared, series };
}
