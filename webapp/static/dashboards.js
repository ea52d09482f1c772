// @ts-check
/* Charts on dashboards: the picture of one, on demand. */

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-chart-png]") : null;
  if (!(button instanceof HTMLElement)) return;
  const chart = /** @type {any} */ (document.getElementById(button.dataset.chartPng ?? "")?.querySelector("cb-chart"));
  const isSaved = Boolean(await chart?.savePicture?.());
  const announce = document.getElementById("announce");
  if (announce) announce.textContent = isSaved ? "The picture is saved." : "There is nothing to draw here yet.";
});

// A chart that came later: app.js looked for charts when the page was drawn.
document.addEventListener("htmx:after:swap", () => {
  const chart = /** @type {HTMLElement | null} */ (document.querySelector("cb-chart[data-script]"));
  if (chart && !customElements.get("cb-chart")) import(/** @type {string} */ (chart.dataset.script));
});
