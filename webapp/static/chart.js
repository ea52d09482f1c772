// @ts-check
/* `cb-chart`: the server's SVG until somebody can see it and the browser is idle, then the same chart by Plotly. app.js fetches this file
   on pages that have a chart. */

/** @type {Promise<any> | undefined} */
let plotly;

/** @param {DOMStringMap} urls @returns {Promise<any>} */
function loadPlotly(urls) {
  plotly ??= (async () => {
    // Plotly looks for this id and then injects no style element of its own, which the policy would block.
    const sheet = Object.assign(document.createElement("link"), { id: "plotly.js-style-global", className: "no-inline-styles", rel: "stylesheet", href: urls.plotlyCss });
    document.head.append(sheet);
    await import(/** @type {string} */ (urls.plotly));
    return /** @type {any} */ (window).Plotly;
  })();
  plotly.catch(() => (plotly = undefined));
  return plotly;
}

class Chart extends HTMLElement {
  /** @type {IntersectionObserver | undefined} */
  seen;
  /** @type {any} */
  figure;
  /** @type {HTMLElement | undefined} */
  place;
  /** @type {HTMLElement | undefined} */
  part;
  /** @type {Promise<void> | undefined} */
  ready;

  connectedCallback() {
    if (!this.dataset.figureUrl || !this.querySelector(".chart-svg")) return;
    for (const wish of ["pointerenter", "focusin"]) this.addEventListener(wish, () => this.upgrade(), { once: true });
    document.addEventListener("cb:theme", this.draw);
    if (/** @type {any} */ (navigator).connection?.saveData) return;
    this.seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.whenIdle());
    if (document.readyState === "complete") this.seen.observe(this);
    else addEventListener("load", () => this.seen?.observe(this), { once: true });
  }

  disconnectedCallback() {
    this.seen?.disconnect();
    document.removeEventListener("cb:theme", this.draw);
    if (this.place) /** @type {any} */ (window).Plotly?.purge(this.place);
  }

  whenIdle() {
    this.seen?.disconnect();
    if ("requestIdleCallback" in window) requestIdleCallback(() => this.upgrade(), { timeout: 4000 });
    else setTimeout(() => this.upgrade(), 400);
  }

  upgrade() {
    return (this.ready ??= this.load());
  }

  async load() {
    this.figure = {};
    try {
      const answer = await fetch(/** @type {string} */ (this.dataset.figureUrl));
      if (!answer.ok) return;
      const [figure] = await Promise.all([answer.json(), loadPlotly(this.dataset)]);
      this.figure = figure;
      this.makePlace();
      await this.draw();
    } catch {
      this.restore(); // The server's drawing stays: it shows the same numbers.
    }
  }

  makePlace() {
    const svg = /** @type {SVGElement} */ (this.querySelector(".chart-svg"));
    this.place = document.createElement("div");
    this.place.className = "chart-live";
    this.place.setAttribute("role", "group");
    this.place.setAttribute("aria-label", svg.getAttribute("aria-label") ?? "");
    svg.after(this.place);
    svg.classList.add("is-replaced");
  }

  restore() {
    this.place?.remove();
    this.place = undefined;
    this.querySelector(".chart-svg")?.classList.remove("is-replaced");
  }

  draw = async () => {
    if (!this.place || !this.figure.data) return;
    const { data, layout } = paint(structuredClone(this.figure), this);
    const config = { responsive: true, displaylogo: false, displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false, modeBarButtons: [["toImage"]], doubleClick: "reset", showTips: false };
    await (await plotly).react(this.place, data, layout, config);
    /** @type {any} */ (this.place).removeAllListeners("plotly_relayout").on("plotly_relayout", this.onZoom);
  };

  /** @param {Record<string, unknown>} change The server's marks fit the whole time; a part of it gets marks of its own. */
  onZoom = (change) => {
    const mode = "xaxis.range[0]" in change ? "auto" : "xaxis.autorange" in change || "xaxis.range" in change ? "array" : "";
    const axis = /** @type {any} */ (this.place).layout.xaxis;
    if (mode && axis.tickmode !== mode) /** @type {any} */ (window).Plotly.relayout(this.place, { "xaxis.tickmode": mode });
    if (mode) this.offer(mode === "auto" ? [change["xaxis.range[0]"], change["xaxis.range[1]"]].map(String) : []);
  };

  /** @param {string[]} range What a drag chose: the page may follow it, or the calls of that time be opened. */
  offer([from, to]) {
    this.part?.remove();
    if (!from || !this.dataset.exploreUrl) return;
    const range = [from, to].map((text) => `${text.replace(" ", "T").slice(0, 19)}Z`).join("..");
    const [page, calls] = [location.href, this.dataset.exploreUrl].map((address) => new URL(address, location.origin));
    for (const url of [page, calls]) url.searchParams.set("range", range);
    this.part = Object.assign(document.createElement("p"), { className: "chart-part row", textContent: `${between(from, to)} UTC ` });
    for (const [url, text] of /** @type {[URL, string][]} */ ([[page, "Show only this time"], [calls, "Open these calls"]])) {
      this.part.append(Object.assign(document.createElement("a"), { className: "button button-small", href: url.href, textContent: text }));
    }
    const back = Object.assign(document.createElement("button"), { className: "button button-small", type: "button", textContent: "Zoom out" });
    back.addEventListener("click", () => /** @type {any} */ (window).Plotly.relayout(this.place, { "xaxis.range": this.figure.layout.xaxis.range }));
    this.part.append(back);
    this.part.setAttribute("role", "status");
    this.append(this.part);
  }

  /** Saves the chart as a picture, on the ground that it has on the page. */
  async savePicture() {
    await this.upgrade();
    if (!this.place || !this.figure.data) return false;
    const { data, layout } = paint(structuredClone(this.figure), this);
    const ground = reader(this)("--n2");
    const title = { text: this.querySelector(".chart-title")?.textContent?.replace(/</g, "&lt;") ?? "", font: { size: 16 }, x: 0, xref: "paper" };
    Object.assign(layout, { paper_bgcolor: ground, plot_bgcolor: ground, title, showlegend: data.filter((/** @type {any} */ trace) => trace.showlegend !== false).length > 1, margin: { l: 64, r: 24, t: 64, b: 48 } });
    await (await plotly).downloadImage({ data, layout }, { format: "png", filename: "callboard-chart", width: 1000, height: 500, scale: 2 });
    return true;
  }
}

/**
 * Gives a figure the colours of the theme in use.
 * @param {any} figure
 * @param {HTMLElement} near
 */
function paint(figure, near) {
  const colour = reader(near);
  for (const trace of figure.data) {
    const own = colour(`--${String(trace.meta).replace(/^s(\d)$/, "c$1").replace(/^s-/, "")}`);
    if (trace.type === "bar") trace.marker = { color: mix(own, colour("--n2"), 0.82), line: { width: 0 } };
    else if (trace.fill === "toself") trace.fillcolor = thin(own);
    else Object.assign(trace, { line: { ...trace.line, color: own, width: 1.75 }, fillcolor: thin(own), ...(trace.marker && { marker: { ...trace.marker, color: own, line: { width: 0 } } }) });
  }
  const quiet = { gridcolor: colour("--n5"), linecolor: colour("--n6"), ticks: "outside", tickcolor: "rgba(0,0,0,0)" };
  const family = getComputedStyle(near).fontFamily;
  Object.assign(figure.layout, {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family, size: 12, color: colour("--n8") },
    hoverlabel: { bgcolor: colour("--n2"), bordercolor: colour("--n6"), font: { family, size: 13, color: colour("--n10") } },
    xaxis: { ...figure.layout.xaxis, ...quiet, showline: true, ticklen: 3, spikecolor: colour("--n7"), spikethickness: 1 },
    yaxis: { ...figure.layout.yaxis, ...quiet, showline: false, ticklen: 6 },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--n8"), activecolor: colour("--n11") },
  });
  for (const shape of figure.layout.shapes ?? []) shape.line.color = colour("--n8");
  return figure;
}

/** @param {string} from @param {string} to What a drag chose, the day once when it is one. */
function between(from, to) {
  const [first, last] = [from, to].map((text) => {
    const moment = new Date(`${text.replace(" ", "T").slice(0, 19)}Z`);
    return [moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }), moment.toISOString().slice(11, 16)];
  });
  return `${first.join(", ")} to ${(first[0] === last[0] ? last.slice(1) : last).join(", ")}`;
}

/** @param {string} colour An area lets the grid show through. */
function thin(colour) {
  return colour.replace("rgb(", "rgba(").replace(")", ", 0.12)");
}

/** @param {string} front @param {string} back @param {number} share Opaque, so that no grid line shows through. */
function mix(front, back, share) {
  const [one, other] = [front, back].map((text) => (text.match(/[\d.]+/g) ?? []).map(Number));
  return `rgb(${one.slice(0, 3).map((part, index) => Math.round(part * share + other[index] * (1 - share))).join(", ")})`;
}

/** @param {HTMLElement} near @returns {(name: string) => string} */
function reader(near) {
  const probe = document.createElement("span");
  near.append(probe);
  const cache = new Map();
  queueMicrotask(() => probe.remove());
  return (name) => {
    if (!cache.has(name)) {
      probe.style.color = `var(${name})`;
      cache.set(name, getComputedStyle(probe).color);
    }
    return cache.get(name);
  };
}

customElements.define("cb-chart", Chart);
