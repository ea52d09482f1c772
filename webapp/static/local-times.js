// @ts-check
/* Moments on pages about planned work. People type and read their own time; the server gets, and sends, moments that mean the
   same everywhere. */

function localise() {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-local]"))) {
    const at = new Date(time.dateTime);
    time.textContent = at.toLocaleString("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  }
  document.querySelectorAll("[data-zone]").forEach((zone) => (zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone));
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.dataset.moment) return;
  const moment = /** @type {HTMLInputElement | null} */ (field.form?.elements.namedItem(field.dataset.moment) ?? null);
  const at = new Date(field.value);
  if (moment) moment.value = Number.isNaN(at.getTime()) ? "" : at.toISOString();
});

document.addEventListener("htmx:after:swap", localise);
localise();
