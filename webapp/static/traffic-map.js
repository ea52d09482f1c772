// @ts-check
/* The map of the traffic: the server's drawing first, then the same dots by Plotly, to draw around. What is chosen stands in
   the list beside it and leads to Explore, a dataset or a review. A group can be chosen without drawing.
   Texts of users are only ever text. */

/** @typedef {{x: number, y: number, group: number, kind: string, trace: string, span: string, text: string}} Point */

const MOST_SENT = 100, NAMED = 12;
const KINDS = [["", "--n7"], ["flagged", "--bad"], ["disliked", "--warn"]];
const map = /** @type {HTMLElement} */ (document.getElementById("traffic-map"));
const list = /** @type {HTMLElement} */ (document.getElementById("map-list"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("map-form"));
const groups = /** @type {HTMLSelectElement} */ (document.getElementById("map-group"));
/** @type {Point[]} */
let points = [];
/** @type {Record<string, string>} */
let names = {};

/** @param {string} name @returns {string} */
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  map.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** @param {Point[]} chosen */
function show(chosen) {
  const count = document.getElementById("map-count");
  const shown = chosen.slice(0, MOST_SENT);
  const rest = chosen.length > shown.length ? ` The first ${shown.length} are listed.` : "";
  if (count) count.textContent = chosen.length ? `${chosen.length} ${chosen.length === 1 ? "call" : "calls"} chosen.${rest}` : "Nothing chosen yet.";
  form.hidden = !chosen.length;
  for (const old of form.querySelectorAll("input[name='chosen']")) old.remove();
  const traces = [...new Set(shown.map((point) => point.trace))];
  for (const trace of traces) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "chosen", value: trace }));
  const link = /** @type {HTMLAnchorElement} */ (document.getElementById("map-explore"));
  const query = new URLSearchParams({ range: "7d" });
  const [first] = chosen;
  const isOneGroup = first?.group && groups.value === String(first.group);
  if (isOneGroup) query.set("group", String(first.group));
  else query.set("among", traces.join(","));
  link.href = `${map.dataset.exploreUrl}?${query}`;
  list.replaceChildren(...shown.map(line));
}

/** @param {Point} point */
function line(point) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: `${map.dataset.exploreUrl?.replace("explore/", "traces/")}${point.trace}/?span=${point.span}` });
  link.append(Object.assign(document.createElement("bdi"), { textContent: point.text || "No text recorded" }));
  item.append(link);
  const word = { flagged: "something is wrong", disliked: "thumbs down" }[point.kind];
  if (word) item.append(Object.assign(document.createElement("span"), { className: "cell-sub", textContent: word }));
  return item;
}

async function load() {
  const answer = await fetch(/** @type {string} */ (map.dataset.pointsUrl));
  if (!answer.ok) return;
  ({ points, groups: names } = await answer.json());
  groups.addEventListener("change", () => show(points.filter((point) => String(point.group) === groups.value)));
  if (groups.value) groups.dispatchEvent(new Event("change"));
  // Plotly looks for this id and then injects no style element of its own, which the policy would block.
  document.head.append(Object.assign(document.createElement("link"), { id: "plotly.js-style-global", className: "no-inline-styles", rel: "stylesheet", href: map.dataset.plotlyCss }));
  await import(/** @type {string} */ (map.dataset.plotly));
  const place = Object.assign(document.createElement("div"), { className: "map-live" });
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", "Map of the calls; draw around dots to list them");
  const drawing = map.querySelector(".map-svg");
  drawing?.replaceWith(place);
  try {
    await draw(place);
  } catch (error) {
    place.replaceWith(drawing ?? "");
    throw error;
  }
  document.addEventListener("cb:theme", () => draw(place));
}

/** Where the largest groups lie, with their names: Plotly reads marks in texts, so there may be none. */
function labels() {
  const found = Object.entries(names).map(([id, name]) => ({ name, own: points.filter((point) => String(point.group) === id) }));
  const middle = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return found.filter(({ own }) => own.length).sort((one, other) => other.own.length - one.own.length).slice(0, NAMED).map(({ name, own }) => ({
    text: name.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"), x: middle(own.map((point) => point.x)), y: middle(own.map((point) => point.y)),
    showarrow: false, yshift: 12, font: { size: 12, color: colour("--n10") }, bgcolor: colour("--n2"), opacity: 0.85,
  }));
}

/** @param {HTMLElement} place */
async function draw(place) {
  const plotly = /** @type {any} */ (window).Plotly;
  const family = getComputedStyle(map).fontFamily;
  const data = KINDS.map(([kind, name]) => {
    const own = points.filter((point) => point.kind === kind);
    return {
      type: "scatter", mode: "markers", x: own.map((point) => point.x), y: own.map((point) => point.y), customdata: own.map((point) => points.indexOf(point)),
      hoverinfo: "none", marker: { color: colour(name), size: kind ? 7 : 5, opacity: kind ? 0.9 : 0.6 },
    };
  });
  const axis = { visible: false, fixedrange: false };
  const layout = {
    showlegend: false, dragmode: "lasso", hovermode: "closest", margin: { l: 8, r: 8, t: 8, b: 8 }, xaxis: axis, yaxis: { ...axis },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family, size: 12, color: colour("--n8") }, uirevision: "kept",
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--n8"), activecolor: colour("--n11") },
    annotations: labels(),
    newselection: { line: { color: colour("--accent"), width: 1.5, dash: "solid" } },
  };
  const config = { responsive: true, displaylogo: false, displayModeBar: true, modeBarButtons: [["lasso2d", "select2d", "pan2d", "resetScale2d"]], doubleClick: "reset", scrollZoom: false };
  await plotly.react(place, data, layout, config);
  const live = /** @type {any} */ (place);
  live.removeAllListeners("plotly_selected").on("plotly_selected", (/** @type {any} */ event) => {
    if (!event) return;
    groups.value = "";
    show(event.points.map((/** @type {any} */ each) => points[each.customdata]));
  });
  live.removeAllListeners("plotly_deselect").on("plotly_deselect", () => show([]));
}

if (document.readyState === "complete") load();
else addEventListener("load", () => load(), { once: true });
