// @ts-check
/* The map of calls: what a cell holds is said when it is pointed at; a click or a drag asks for the calls behind it.
   Without this file the fields under the map do the same. */

const plot = /** @type {SVGSVGElement | null} */ (document.querySelector("[data-heat]"));
const words = /** @type {HTMLElement | null} */ (document.querySelector("[data-heat-words]"));
const part = /** @type {HTMLFormElement | null} */ (document.getElementById("part"));

/** @typedef {{column: number, row: number}} Cell */

if (plot && words && part) {
  const edges = (plot.dataset.edges ?? "").split(",").map(Number);
  const counts = (plot.dataset.counts ?? "").split(",").map(Number);
  const [start, step] = [Number(plot.dataset.start), Number(plot.dataset.step)];
  const rows = edges.length - 1;
  const columns = counts.length / rows;
  const ground = /** @type {SVGRectElement} */ (plot.querySelector(".heat-ground"));
  const chosen = /** @type {SVGRectElement} */ (plot.querySelector(".heat-chosen"));
  /** @type {Cell | null} */
  let from = null;

  /** @param {PointerEvent} event @returns {Cell} */
  const cellAt = (event) => {
    const box = ground.getBoundingClientRect();
    const within = (/** @type {number} */ share, /** @type {number} */ most) => Math.min(most - 1, Math.max(0, Math.floor(share * most)));
    return { column: within((event.clientX - box.left) / box.width, columns), row: rows - 1 - within((event.clientY - box.top) / box.height, rows) };
  };

  /** @param {Cell} one @param {Cell} other */
  const area = (one, other) => {
    const [left, right] = [Math.min(one.column, other.column), Math.max(one.column, other.column)];
    const [low, high] = [Math.min(one.row, other.row), Math.max(one.row, other.row)];
    let count = 0;
    for (let column = left; column <= right; column += 1) for (let row = low; row <= high; row += 1) count += counts[column * rows + row] || 0;
    return { left, right, low, high, count };
  };

  /** @param {number} column */
  const moment = (column) => new Date((start + column * step) * 1000).toISOString().slice(0, 16);
  const seconds = (/** @type {number} */ ms) => String(Number((ms / 1000).toPrecision(6)));
  const inWords = (/** @type {number} */ ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toPrecision(2)} s`);

  /** @param {ReturnType<typeof area>} seen */
  const show = (seen) => {
    const place = { x: seen.left, y: rows - 1 - seen.high, width: seen.right - seen.left + 1, height: seen.high - seen.low + 1 };
    for (const [name, value] of Object.entries(place)) chosen.setAttribute(name, String(value));
    words.hidden = false;
    words.textContent = `${moment(seen.left).replace("T", " ")} to ${moment(seen.right + 1).replace("T", " ")} UTC, ${inWords(edges[seen.low])} to ${inWords(edges[seen.high + 1])}: ${seen.count} ${seen.count === 1 ? "call" : "calls"}`;
  };

  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = cellAt(event);
    plot.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => show(area(from ?? cellAt(event), cellAt(event))));
  plot.addEventListener("pointercancel", () => (from = null));
  plot.addEventListener("pointerup", (event) => {
    if (!from) return;
    const seen = area(from, cellAt(event));
    from = null;
    const values = { since: moment(seen.left), until: moment(seen.right + 1), least: seconds(edges[seen.low]), most: seconds(edges[seen.high + 1]) };
    for (const [name, value] of Object.entries(values)) /** @type {HTMLInputElement} */ (part.elements.namedItem(name)).value = value;
    part.requestSubmit();
  });
}
