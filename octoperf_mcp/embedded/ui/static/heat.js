// Heat maps that answer to mouse and keyboard: which cell is meant, and its figure, in words.
"use strict";

window.octoperfHeat = (() => {
  const maps = new Map();
  // where the cells are in the picture: as svg.py has it
  const FRAME = { width: 900, height: 270, left: 56, right: 56, top: 26, bottom: 28 };

  const two = (number) => String(number).padStart(2, "0");

  function elapsed(seconds) {
    const whole = Math.round(seconds);
    const minutes = Math.floor(whole / 60);
    if (whole >= 3600) return Math.floor(minutes / 60) + "h" + two(minutes % 60);
    return minutes ? minutes + "m" + two(whole % 60) : whole + "s";
  }

  const figure = (value) => String(Number(value.toPrecision(3)));

  class Map_ {
    constructor(plot) {
      this.plot = plot;
      this.slot = null;
      this.band = null;
      this.host = plot.appendChild(document.createElement("div"));
      this.host.className = "live";
      this.area = this.host.appendChild(document.createElement("div"));
      this.area.className = "area";
      this.area.tabIndex = 0;
      this.area.setAttribute("role", "slider");
      this.area.setAttribute("aria-label", "Cell of " + plot.dataset.title);
      this.here = this.area.appendChild(document.createElement("i"));
      this.said = this.host.appendChild(document.createElement("p"));
      this.said.className = "said";
      this.area.addEventListener("keydown", (event) => this.key(event));
      this.area.addEventListener("focus", () => this.move(0, 0));
      this.area.addEventListener("pointermove", (event) => this.point(event));
      this.area.addEventListener("pointerleave", () => this.leave());
      this.area.addEventListener("blur", () => this.leave());
      this.update();
    }

    update() {
      const text = this.plot.querySelector("script.cells").textContent;
      if (text === this.text) return;
      this.text = text;
      this.data = JSON.parse(text);
      const { starts, slotMs } = this.data;
      this.begin = starts[0];
      this.length = starts[starts.length - 1] + slotMs - this.begin;
      this.area.setAttribute("aria-valuemin", "0");
      this.area.setAttribute("aria-valuemax", String(starts.length - 1));
      this.area.setAttribute("aria-valuenow", String(this.slot ?? 0));
      if (this.slot === null) this.rest();
      else this.show();
    }

    /** The fullest cell: where the keyboard starts. */
    fullest() {
      let best = [0, 0, -1];
      this.data.values.forEach((row, slot) =>
        row.forEach((value, band) => {
          if (value > best[2]) best = [slot, band, value];
        }),
      );
      return best;
    }

    words(slot, band) {
      const { starts, bands, values, unit } = this.data;
      const when = elapsed((starts[slot] - this.begin) / 1000);
      return when + ", " + bands[band] + ": " + (figure(values[slot][band]) + " " + unit).trim();
    }

    rest() {
      const [slot, band] = this.fullest();
      this.area.setAttribute("aria-valuetext", "Most: " + this.words(slot, band));
      this.said.textContent = "Most: " + this.words(slot, band) + ". Point at a cell, or keys: ← → ↑ ↓";
      this.here.hidden = true;
    }

    show() {
      const { starts, slotMs, bands } = this.data;
      this.slot = Math.min(this.slot, starts.length - 1);
      this.band = Math.min(this.band, bands.length - 1);
      const share = (value) => value * 100 + "%";
      this.here.hidden = false;
      this.here.style.left = share((starts[this.slot] - this.begin) / this.length);
      this.here.style.width = share(slotMs / this.length);
      this.here.style.bottom = share(this.band / bands.length);
      this.here.style.height = share(1 / bands.length);
      const words = this.words(this.slot, this.band);
      this.said.textContent = words;
      this.area.setAttribute("aria-valuenow", String(this.slot));
      this.area.setAttribute("aria-valuetext", words);
    }

    move(slots, bands) {
      if (this.slot === null) [this.slot, this.band] = this.fullest();
      const within = (value, most) => Math.min(Math.max(value, 0), most);
      this.slot = within(this.slot + slots, this.data.starts.length - 1);
      this.band = within(this.band + bands, this.data.bands.length - 1);
      this.show();
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = event.shiftKey ? 10 : 1;
      const acts = {
        ArrowRight: () => this.move(step, 0),
        ArrowLeft: () => this.move(-step, 0),
        ArrowUp: () => this.move(0, step),
        ArrowDown: () => this.move(0, -step),
        Home: () => this.move(-Infinity, 0),
        End: () => this.move(Infinity, 0),
        Escape: () => this.leave(),
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    }

    point(event) {
      const box = this.area.getBoundingClientRect();
      const at = this.begin + ((event.clientX - box.left) / box.width) * this.length;
      const band = Math.floor(((box.bottom - event.clientY) / box.height) * this.data.bands.length);
      const slot = this.data.starts.findIndex((start) => start <= at && at < start + this.data.slotMs);
      if (slot < 0 || band < 0 || band >= this.data.bands.length) return;
      this.slot = slot;
      this.band = band;
      this.show();
    }

    leave() {
      if (document.activeElement === this.area) return;
      this.slot = this.band = null;
      this.rest();
    }

    /** Over the cells of the picture, whatever its size. */
    place() {
      const share = (part, whole) => (part / whole) * 100 + "%";
      const { width, height, left, right, top, bottom } = FRAME;
      this.area.style.left = share(left, width);
      this.area.style.width = share(width - left - right, width);
      const picture = this.plot.querySelector("svg").getBoundingClientRect();
      const scale = picture.height / height;
      this.area.style.top = top * scale + "px";
      this.area.style.height = (height - top - bottom) * scale + "px";
    }
  }

  function draw(root) {
    for (const plot of maps.keys()) if (!plot.isConnected) maps.delete(plot);
    for (const plot of root.querySelectorAll(".plot:has(> script.cells)")) {
      if (maps.has(plot)) maps.get(plot).update();
      else {
        const made = new Map_(plot);
        maps.set(plot, made);
        new ResizeObserver(() => made.place()).observe(plot);
      }
    }
  }

  return { draw };
})();
