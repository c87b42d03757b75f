// Charts that answer to mouse and keyboard, drawn over the still pictures of a page with uPlot.
// The stills stay: for paper, and where no script runs.
"use strict";

window.octoperfCharts = (() => {
  const HEIGHT = 270;
  const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
  const COLOURS = 10;
  const charts = new Map();

  const two = (number) => String(number).padStart(2, "0");

  function short(value) {
    for (const [limit, suffix] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (Math.abs(value) >= limit) return Number((value / limit).toPrecision(3)) + suffix;
    }
    return String(Number(value.toPrecision(3)));
  }

  function elapsed(seconds) {
    const whole = Math.round(seconds);
    const minutes = Math.floor(whole / 60);
    if (whole >= 3600) return Math.floor(minutes / 60) + "h" + two(minutes % 60);
    return minutes ? minutes + "m" + two(whole % 60) : whole + "s";
  }

  function niceTop(value) {
    if (!(value > 1e-12) || !isFinite(value)) return 1;
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 2.5, 5, 10, 20].map((step) => step * power).find((top) => top >= value);
  }

  /** The style sheet's colours as they are on this page now. */
  function palette(host) {
    const probe = host.appendChild(document.createElement("i"));
    const read = (name, property) => {
      probe.className = name;
      return getComputedStyle(probe)[property];
    };
    const found = {
      lines: Array.from({ length: COLOURS }, (_, number) => read("c" + number, "backgroundColor")),
      ink: read("ink-soft", "color"),
      grid: read("ink-line", "color"),
    };
    probe.remove();
    return found;
  }

  const faint = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.18)");

  class Chart {
    constructor(plot) {
      this.plot = plot;
      this.shown = [];
      this.zoomed = null;
      this.host = plot.appendChild(document.createElement("div"));
      this.host.className = "live";
      this.canvas = this.host.appendChild(document.createElement("div"));
      this.canvas.className = "canvas";
      this.canvas.tabIndex = 0;
      this.canvas.setAttribute("role", "slider");
      this.canvas.setAttribute("aria-label", "Position in " + plot.dataset.title);
      this.legend = this.host.appendChild(document.createElement("ul"));
      this.legend.className = "legend";
      this.tools = this.host.appendChild(document.createElement("p"));
      this.tools.className = "tools";
      this.button("Zoom in", () => this.zoom(0.5));
      this.button("Zoom out", () => this.zoom(2));
      this.button("Show all", () => this.all());
      const hint = this.tools.appendChild(document.createElement("small"));
      hint.textContent = "Drag to zoom, double-click to show all. Keys: ← → + − 0";
      this.canvas.addEventListener("keydown", (event) => this.key(event));
      this.update();
      new ResizeObserver(() => this.fit()).observe(this.host);
      plot.classList.add("drawn");
    }

    button(text, act) {
      const made = this.tools.appendChild(document.createElement("button"));
      made.type = "button";
      made.textContent = text;
      made.setAttribute("aria-label", text + ": " + this.plot.dataset.title);
      made.addEventListener("click", act);
    }

    /** Read the figures anew and draw them; what is zoomed or hidden stays so. */
    update() {
      const text = this.plot.querySelector("script.data").textContent;
      if (text === this.text) return;
      this.text = text;
      const before = this.data;
      this.data = JSON.parse(text);
      const names = (data) => JSON.stringify(data.series.map((each) => [each.name, each.unit]));
      if (!before || names(before) !== names(this.data)) {
        this.shown = this.data.series.map(() => true);
        this.build();
      } else {
        this.uplot.setData(this.columns(), !this.zoomed);
        if (this.zoomed) this.uplot.redraw();
      }
      this.tell();
    }

    /** uPlot's columns; layers of a stack are added up, the highest sum first. */
    columns() {
      const { x, series, form } = this.data;
      if (form !== "stacked") return [x, ...series.map((each) => each.y)];
      let floor = x.map(() => 0);
      const sums = series.map((each, number) => {
        if (this.shown[number]) floor = floor.map((low, at) => low + (each.y[at] || 0));
        return floor;
      });
      return [x, ...sums.reverse()];
    }

    /** The place of a curve among uPlot's. */
    place(number) {
      return this.data.form === "stacked" ? this.data.series.length - number : number + 1;
    }

    build() {
      this.uplot?.destroy();
      const { lines, ink, grid } = palette(this.host);
      const { series, times, form } = this.data;
        const units = [...new Set(series.map((each) => each.unit))];
      const curves = series.map((each, number) => {
        const colour = lines[number % COLOURS];
        return {
          label: each.name,
          scale: "u" + units.indexOf(each.unit),
          stroke: colour,
          width: form === "stacked" ? 0 : 1.8,
          fill: form === "stacked" ? colour : undefined,
          dash: form === "range" && number === 1 ? [6, 4] : undefined,
          spanGaps: true,
          show: this.shown[number],
          points: { show: (plot, at) => plot.data[0].length === 1 || (plot.data[at] || []).filter((y) => y != null).length === 1 },
        };
      });
      if (form === "stacked") curves.reverse();
      const scales = { x: { time: false } };
      units.forEach((_, number) => {
        scales["u" + number] = { range: (_plot, _low, high) => [0, niceTop(high)] };
      });
      const font = "11px system-ui, sans-serif";
      const axis = { stroke: ink, font, labelFont: font, labelSize: 16, labelGap: 0, ticks: { show: false } };
      const axes = [
        {
          ...axis,
          grid: { show: false },
          incrs: times ? STEPS_S : undefined,
          // counted from the start, not from midnight
          splits: (_plot, _at, low, high, step) => {
            const from = times ? this.data.x[0] : 0;
            const first = Math.ceil((low - from) / step - 1e-9);
            const count = Math.floor((high - from) / step + 1e-9) - first;
            return Array.from({ length: count + 1 }, (_, number) => from + (first + number) * step);
          },
          space: 70,
          size: 30,
          values: (_, at) => at.map((each) => (times ? elapsed(each - this.data.x[0]) : short(each))),
        },
        ...units.slice(0, 2).map((unit, number) => ({
          ...axis,
          scale: "u" + number,
          side: number ? 1 : 3,
          size: 52,
          label: unit,
          grid: { show: !number, stroke: grid, width: 1 },
          values: (_, at) => at.map(short),
        })),
      ];
      const bands = [[1, 2], [2, 1]].map((pair) => ({ series: pair, fill: faint(lines[0]) }));
      this.uplot = new uPlot(
        {
          width: this.width(),
          height: HEIGHT,
          legend: { show: false },
          scales,
          axes,
          series: [{}, ...curves],
          bands: form === "range" ? bands : undefined,
          cursor: {
            y: false,
            drag: { x: true, y: false, setScale: true },
            points: { size: 7, show: form !== "stacked" },
            sync: times ? { key: "time", setSeries: false, scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } } : undefined,
            bind: {
              dblclick: () => () => {
                this.all();
                return null;
              },
            },
          },
          hooks: { setCursor: [() => this.tell()], setSelect: [], setScale: [(plot, key) => key === "x" && this.scaled(plot)] },
        },
        this.columns(),
        this.canvas,
      );
      this.keys();
      if (this.zoomed) this.uplot.setScale("x", this.zoomed);
    }

    width() {
      return Math.max(this.host.clientWidth, 240);
    }

    fit() {
      if (this.uplot && this.uplot.width !== this.width()) this.uplot.setSize({ width: this.width(), height: HEIGHT });
    }

    /** The legend: a switch for each curve. */
    keys() {
      this.legend.replaceChildren(
        ...this.data.series.map((each, number) => {
          const item = document.createElement("li");
          const key = item.appendChild(document.createElement("button"));
          key.type = "button";
          key.setAttribute("aria-pressed", String(this.shown[number]));
          key.appendChild(document.createElement("i")).className = "c" + (number % COLOURS);
          key.append(each.name + " ");
          key.appendChild(document.createElement("b"));
          key.addEventListener("click", () => this.toggle(number));
          return item;
        }),
      );
    }

    toggle(number) {
      this.shown[number] = !this.shown[number];
      this.legend.children[number].firstChild.setAttribute("aria-pressed", String(this.shown[number]));
      this.uplot.setSeries(this.place(number), { show: this.shown[number] });
      if (this.data.form === "stacked") this.uplot.setData(this.columns(), !this.zoomed);
      this.tell();
    }

    at() {
      const { idx } = this.uplot.cursor;
      return idx == null ? null : idx;
    }

    moment(at) {
      const { x, times } = this.data;
      if (!times) return short(x[at]) + " %";
      return elapsed(x[at] - x[0]) + " (" + new Date(x[at] * 1000).toISOString().slice(11, 19) + " UTC)";
    }

    /** Values at the cursor, in the legend and for a screen reader; without a cursor the last. */
    tell() {
      if (!this.uplot || !this.data.x.length) return;
      const at = this.at() ?? this.data.x.length - 1;
      const said = [this.moment(at)];
      this.data.series.forEach((each, number) => {
        const value = each.y[at];
        const text = value == null ? "–" : (short(value) + " " + each.unit).trim();
        this.legend.children[number].querySelector("b").textContent = text;
        if (this.shown[number]) said.push(each.name + " " + text);
      });
      this.canvas.setAttribute("aria-valuemin", "0");
      this.canvas.setAttribute("aria-valuemax", String(this.data.x.length - 1));
      this.canvas.setAttribute("aria-valuenow", String(at));
      this.canvas.setAttribute("aria-valuetext", said.join(", "));
    }

    move(by) {
      const last = this.data.x.length - 1;
      const from = this.at() ?? (by > 0 ? -1 : last + 1);
      const to = Math.min(Math.max(from + by, 0), last);
      this.uplot.setCursor({ left: this.uplot.valToPos(this.data.x[to], "x"), top: 20 });
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = event.shiftKey ? 10 : 1;
      const acts = {
        ArrowRight: () => this.move(step),
        ArrowLeft: () => this.move(-step),
        Home: () => this.move(-Infinity),
        End: () => this.move(Infinity),
        "+": () => this.zoom(0.5),
        "=": () => this.zoom(0.5),
        "-": () => this.zoom(2),
        0: () => this.all(),
        Escape: () => this.all(),
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    }

    zoom(factor) {
      const { x } = this.data;
      const { min, max } = this.uplot.scales.x;
      if (x.length < 2 || min == null) return;
      const middle = this.at() == null ? (min + max) / 2 : x[this.at()];
      const half = ((max - min) * factor) / 2;
      const low = Math.max(x[0], middle - half);
      const high = Math.min(x[x.length - 1], middle + half);
      if (high > low) this.uplot.setScale("x", { min: low, max: high });
    }

    all() {
      const { x } = this.data;
      if (x.length) this.uplot.setScale("x", { min: x[0], max: x[x.length - 1] });
    }

    /** A stretch was chosen: all charts over time show it. */
    scaled(plot) {
      const { min, max } = plot.scales.x;
      const { x, times } = this.data;
      const whole = min <= x[0] && max >= x[x.length - 1];
      this.zoomed = whole ? null : { min, max };
      if (!times || Chart.linking) return;
      Chart.linking = true;
      for (const each of charts.values()) {
        if (each === this || !each.data.times || !each.uplot) continue;
        if (whole) each.all();
        else each.uplot.setScale("x", { min, max });
      }
      queueMicrotask(() => (Chart.linking = false));
    }
  }

  /** Draw what is new in a part of the page, and what has new figures. */
  function draw(root) {
    for (const [plot, chart] of charts) {
      if (plot.isConnected) continue;
      chart.uplot.destroy();
      charts.delete(plot);
    }
    for (const plot of root.querySelectorAll(".plot:has(> script.data)")) {
      if (charts.has(plot)) charts.get(plot).update();
      else charts.set(plot, new Chart(plot));
    }
  }

  /** Draw all in the colours that hold now. */
  function redraw() {
    for (const chart of charts.values()) chart.build();
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  return { draw, redraw };
})();
