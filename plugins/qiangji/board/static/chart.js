// Draws a page's charts with ECharts from the blocks of data that stand beside them. Colours are the page's own, so
// that they follow the theme; the same numbers stand in a table.
"use strict";

(function () {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const shown = (value) => (value === null || value === undefined ? "–" : Number(value).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }));

  // the next of 1, 2, 5 and their tens
  const roundUp = (size) => {
    const ten = 10 ** Math.floor(Math.log10(size));
    return [1, 2, 5, 10].map((n) => n * ten).find((n) => n >= size * (1 - 1e-9));
  };

  const options = {
    trend({ chart, words }) {
      const line = (name, data, more) => ({ name, type: "line", data, connectNulls: false, ...more });
      const series = [
        line(words.value, chart.values.map((value, i) => ({
          value, symbol: chart.partial[i] ? "emptyCircle" : "circle",
        })), { symbolSize: 7, lineStyle: { width: 2.5 }, color: colour("--accent"), z: 3 }),
      ];
      if (chart.path.some((v) => v !== null)) {
        series.push(line(words.path, chart.path, { symbol: "none", lineStyle: { type: "dashed", width: 1.5 }, color: colour("--soft") }));
        series.push(line(words.target, chart.target, { symbol: "none", lineStyle: { width: 1, type: "dotted" }, color: colour("--ink") }));
      }
      return {
        aria: { enabled: true },
        animation: false,
        grid: { left: 8, right: 34, top: 40, bottom: 8, containLabel: true },
        legend: { top: 0, left: 0, textStyle: { color: colour("--soft") }, itemWidth: 18 },
        tooltip: {
          trigger: "axis", confine: true, backgroundColor: colour("--card"), borderColor: colour("--line"),
          textStyle: { color: colour("--ink") }, valueFormatter: (v) => `${shown(v)} ${words.unit}`,
        },
        xAxis: { type: "category", data: chart.periods, boundaryGap: chart.periods.length < 3, axisTick: { show: false },
          axisLine: { lineStyle: { color: colour("--line") } }, axisLabel: { color: colour("--soft") } },
        yAxis: { type: "value", scale: true, splitNumber: 4, splitLine: { lineStyle: { color: colour("--line") } },
          axisLabel: { color: colour("--soft") } },
        series,
      };
    },
  };

  // each step hangs between what was before it and what is after it
  options.waterfall = function ({ chart, words }, width) {
    const names = [chart.first, ...chart.names, chart.last];
    let at = chart.before;
    const low = [0], size = [chart.before], colours = [colour("--accent")];
    for (const step of chart.steps) {
      low.push(Math.min(at, at + step));
      size.push(Math.abs(step));
      colours.push(colour(step < 0 ? "--red" : "--green"));
      at += step;
    }
    low.push(0); size.push(chart.after); colours.push(colour("--accent"));
    const ends = [chart.before, chart.after, ...low.slice(1, -1), ...low.slice(1, -1).map((v, i) => v + size[i + 1])];
    const span = Math.max(...ends) - Math.min(...ends) || 1;
    // the axis has round numbers only; unless it begins at 0 it says that it does not
    const step = roundUp(span / 3);
    const lowest = Math.min(...ends) - span * 0.1;
    const least = Math.floor((Math.min(...ends) >= 0 ? Math.max(0, lowest) : lowest) / step) * step;
    const most = Math.ceil((Math.max(...ends) + span * 0.1) / step) * step;
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    const onAxis = (v) => v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    const ground = Math.max(0, least);
    const isEnd = (i) => i === 0 || i === names.length - 1;
    const text = (i) => (isEnd(i) ? chart.ends[i && 1] : (chart.steps[i - 1] > 0 ? "+" : "") + shown(chart.steps[i - 1]));
    return {
      aria: { enabled: true },
      animation: false,
      grid: { left: 8, right: 16, top: 28, bottom: 8, containLabel: true },
      tooltip: { trigger: "axis", confine: true, axisPointer: { type: "shadow" }, backgroundColor: colour("--card"),
        borderColor: colour("--line"), textStyle: { color: colour("--ink") },
        formatter: (all) => `${names[all[0].dataIndex]}: ${text(all[0].dataIndex)} ${words.unit}` },
      xAxis: { type: "category", data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--line") } },
        axisLabel: { color: colour("--soft"), interval: 0, width: 72, overflow: "break", rotate: width / names.length < 60 ? 60 : 0 } },
      yAxis: { type: "value", min: least, max: most, interval: step, splitLine: { lineStyle: { color: colour("--line") } },
        name: least ? words.cut.replace("{least}", onAxis(least)) : "", nameTextStyle: { color: colour("--soft"), align: "left" },
        axisLabel: { color: colour("--soft"), formatter: onAxis } },
      series: [
        { type: "bar", stack: "s", silent: true, itemStyle: { color: "transparent" }, data: low.map((v, i) => (isEnd(i) ? ground : v)) },
        { type: "bar", stack: "s", barMaxWidth: 46, data: size.map((v, i) => ({
          value: isEnd(i) ? v - ground : v, itemStyle: { color: colours[i], borderRadius: 2 },
          label: { show: width / names.length > 34, position: "top", color: colour("--ink"), fontSize: 11, formatter: () => text(i) } })) },
      ],
    };
  };

  const charts = [...document.querySelectorAll("[data-chart]")].map((place) => {
    const source = JSON.parse(document.getElementById(place.dataset.source).textContent);
    const chart = window.echarts.init(place, null, { renderer: "svg" });
    const draw = (width) => chart.setOption(options[place.dataset.chart](source, width || place.clientWidth), true);
    draw();
    return { chart, draw };
  });
  const each = (f) => () => charts.forEach(f);
  window.addEventListener("resize", each(({ chart }) => chart.resize()));
  // on paper a chart has the width of its column there, and the colours of a light page
  const PAPER = 540;
  let theme;
  window.addEventListener("beforeprint", () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    each(({ chart, draw }) => { chart.resize({ width: PAPER, height: 300 }); draw(PAPER); })();
  });
  window.addEventListener("afterprint", () => {
    if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme;
    each(({ chart, draw }) => { chart.resize({ width: "auto", height: "auto" }); draw(); })();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", each(({ draw }) => draw()));
})();
