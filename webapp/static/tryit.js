// @ts-check
/* The page «Try»: answers that appear while they are written, and keys for the grid.
   Without this file the page asks for news once a second, and every button works. Text of models is only ever text. */

/** @typedef {{id: number, state: string, is_whole: boolean, text: string}} Line */

const STREAMING_EVERY = "10";
const REFRESH_MS = 120;
const MOST_FAILURES = 3;

/** @type {Map<number, string>} What has arrived of each answer. */
const texts = new Map();
/** @type {AbortController | undefined} */
let stream;
let refreshing = 0;
let failures = 0;
/** @type {Map<string, number>} When each running answer was first seen. */
const begun = new Map();

/** @returns {any} */
const following = () => document.getElementById("following");
/** @param {number | string} id @returns {HTMLElement | null} */
const cellOf = (id) => document.getElementById(`cell-${id}`);

/* The stream ------------------------------------------------------------------------------------------- */

async function follow() {
  const live = following();
  if (!live?.dataset.ticket || stream || failures >= MOST_FAILURES) return;
  stream = new AbortController();
  try {
    const response = await fetch(live.dataset.stream, {
      headers: { Authorization: `Bearer ${live.dataset.ticket}` }, signal: stream.signal, cache: "no-store", credentials: "omit",
    });
    failures = response.ok ? 0 : failures + 1;
    if (response.ok && response.body) await read(response.body.getReader());
  } catch {
    // No stream from here: the page goes on asking once a second.
    failures += 1;
  }
  stream = undefined;
  askOften();
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
async function read(reader) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop() ?? "";
    askSeldom();
    for (const event of events) take(event);
  }
}

/** @param {string} event */
function take(event) {
  const data = event.split("\n").find((line) => line.startsWith("data: "));
  if (event.startsWith("event: cells") && data) JSON.parse(data.slice(6)).forEach(show);
  if (event.startsWith("event: over")) refresh();
}

/** @param {Line} line */
function show({ id, state, is_whole, text }) {
  const cell = cellOf(id);
  texts.set(id, (is_whole ? "" : (texts.get(id) ?? "")) + text);
  if (!cell) return;
  if (cell.dataset.state !== state) return refresh();
  const place = cell.querySelector("[data-text]");
  if (place && state === "running") place.textContent = texts.get(id) ?? "";
}

/** Asks the server to draw what changed; several changes at about the same time are one question. */
function refresh() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => following()?.ask?.(), REFRESH_MS);
}

function askSeldom() {
  const live = following();
  if (!live?.plan || live.dataset.every === STREAMING_EVERY) return;
  live.dataset.every = STREAMING_EVERY;
  live.plan();
}

function askOften() {
  const live = following();
  if (!live?.plan) return;
  live.dataset.every = "1";
  live.plan();
}

/* The grid ----------------------------------------------------------------------------------------------- */

const grid = /** @type {HTMLElement | null} */ (document.querySelector("[data-try-grid]"));
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
let lastFocus = "";

/** @returns {HTMLElement[][]} */
const rows = () => [...(grid?.querySelectorAll("tbody tr") ?? [])].map((row) => [...row.querySelectorAll("[data-cell]")].filter((each) => each instanceof HTMLElement));

/** One answer can be reached by Tab; the arrows lead to the others. @param {HTMLElement} [chosen] */
function makeReachable(chosen) {
  const cells = rows().flat();
  const here = chosen ?? cells.find((cell) => cell.id === lastFocus) ?? cells[0];
  for (const cell of cells) cell.tabIndex = cell === here ? 0 : -1;
}

/** @param {HTMLElement} cell @param {number[]} step */
function move(cell, [down, right]) {
  const all = rows();
  const row = all.findIndex((each) => each.includes(cell));
  const next = all[row + down]?.[all[row].indexOf(cell) + right];
  next?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

grid?.addEventListener("focusin", ({ target }) => {
  const cell = target instanceof Element ? target.closest("[data-cell]") : null;
  if (!(cell instanceof HTMLElement)) return;
  lastFocus = cell.id;
  makeReachable(cell);
});

grid?.addEventListener("keydown", (event) => {
  const target = event.target instanceof HTMLElement ? event.target : null;
  const cell = /** @type {HTMLElement | null} */ (target?.closest("[data-cell]") ?? null);
  if (!cell || !target || event.ctrlKey || event.metaKey || event.altKey || target.matches("select, input, textarea")) return;
  const step = target === cell && STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
  const isRow = event.key === "Enter" && event.shiftKey;
  const areLettersOn = document.querySelector("cb-keys")?.getAttribute("data-letters") !== "off";
  const button = isRow ? cell.closest("tr")?.querySelector("[data-run-row]") : areLettersOn && cell.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (step) move(cell, step);
  else if (button instanceof HTMLElement) button.click();
  else return;
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (event.key !== "+" || event.defaultPrevented || event.ctrlKey || event.metaKey || target?.matches("input, textarea, select")) return;
  const add = document.querySelector("[data-add-variant]");
  if (add instanceof HTMLButtonElement) add.click();
  else if (add instanceof HTMLElement) add.focus();
});

/* After every swap ------------------------------------------------------------------------------------------ */

document.addEventListener("htmx:after:swap", () => {
  makeReachable();
  // What had the focus was drawn anew: it stays where it was.
  if (lastFocus && (document.activeElement === document.body || !document.activeElement)) document.getElementById(lastFocus)?.focus({ preventScroll: true });
  if (stream) askSeldom();
  else follow();
});

setInterval(() => {
  for (const cell of document.querySelectorAll('[data-cell][data-state="running"]')) {
    const since = begun.get(cell.id) ?? Date.now();
    begun.set(cell.id, since);
    cell.querySelector("[data-clock]")?.replaceChildren(`${((Date.now() - since) / 1000).toFixed(1)} s`);
  }
  for (const id of begun.keys()) if (document.getElementById(id)?.dataset.state !== "running") begun.delete(id);
}, 200);

addEventListener("pagehide", () => stream?.abort());
makeReachable();
follow();
