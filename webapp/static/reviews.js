// @ts-check
/* Reviewing: the next item stands there at once, and answers go on their way behind it. Every button works without this file.
   Markup comes from this server alone, escaped; text of models is only ever moved as text. */

const page = /** @type {HTMLElement} */ (document.getElementById("review"));
const PARTS = ["review-problem", "review-head", "review-last", "review-empty"];
/** @type {Set<string>} Items whose answers are on their way: they are not shown again meanwhile. */
const sent = new Set();
let onTheWay = Promise.resolve();
let shownAt = performance.now();

/** @returns {HTMLElement[]} */
const items = () => [...document.querySelectorAll("#review-items > [data-item]")].filter((one) => one instanceof HTMLElement);
/** @returns {HTMLElement | undefined} */
const current = () => items().find((one) => !one.hidden);
/** @param {HTMLElement} item @returns {HTMLElement[]} */
const questions = (item) => /** @type {HTMLElement[]} */ ([...item.querySelectorAll("[data-question]")]);
/** @param {HTMLElement} question @returns {HTMLInputElement[]} */
const choices = (question) => [...question.querySelectorAll("input")];

/** Shows the first item that nobody here has answered, and nothing else. */
function showFirst() {
  const next = items().find((one) => !sent.has(one.id));
  const waiting = document.getElementById("review-waiting");
  if (waiting) waiting.hidden = Boolean(next) || sent.size === 0;
  if (next && next === current()) return;
  for (const one of items()) one.hidden = one !== next;
  if (!next) return;
  shownAt = performance.now();
  makeReady(next);
  const heading = /** @type {HTMLElement | null} */ (next.querySelector("[data-heading]"));
  scrollTo({ top: 0 });
  heading?.focus({ preventScroll: true });
}

/** @param {HTMLElement} item Lets the digits answer the first question that is still open. */
function makeReady(item) {
  const open = questions(item).find((question) => !choices(question).some((choice) => choice.checked));
  for (const question of questions(item)) {
    question.classList.toggle("is-active", question === open);
    for (const choice of choices(question)) {
      if (question === open) choice.dataset.shortcut = `answer-${choice.dataset.digit}`;
      else delete choice.dataset.shortcut;
    }
  }
  for (const button of item.querySelectorAll("[data-copy-answer]")) if (button instanceof HTMLElement) button.hidden = false;
  return open;
}

/** @param {HTMLFormElement} form @param {FormData} body @param {HTMLElement | null} item */
async function send(form, body, item) {
  try {
    const response = await fetch(form.getAttribute("action") ?? "", { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("review");
    if (!fresh) return giveBack(item, "This could not be stored. Load the page again; your answer is still here until you do.");
    if (item) sent.delete(item.id);
    if (item && response.ok) item.remove();
    take(fresh, response.ok ? null : item);
  } catch {
    giveBack(item, "The answer did not get through: there is no connection. It is still here; send it again.");
  }
}

/** @param {HTMLElement} fresh @param {HTMLElement | null} refused Takes over what the server says comes next. */
function take(fresh, refused) {
  for (const id of PARTS) document.getElementById(id)?.replaceWith(fresh.querySelector(`#${id}`) ?? "");
  const list = /** @type {HTMLElement} */ (document.getElementById("review-items"));
  const wanted = [...fresh.querySelectorAll("#review-items > [data-item]")].filter((one) => !sent.has(one.id) && one.id !== refused?.id);
  const nodes = wanted.map((one) => document.getElementById(one.id) ?? one);
  // What somebody reads or types in stays where it is: moving it would take its focus away.
  const visible = current();
  for (const one of items()) if (!nodes.includes(one) && one !== visible && one !== refused && !sent.has(one.id)) one.remove();
  const place = visible ? nodes.indexOf(visible) : -1;
  nodes.forEach((node, number) => {
    if (node === visible) return;
    if (node.ownerDocument !== document) node.toggleAttribute("hidden", true);
    list.insertBefore(node, visible && number < place ? visible : null);
  });
  if (refused) list.prepend(refused);
  const empty = document.getElementById("review-empty");
  if (empty) empty.hidden = items().some((one) => !sent.has(one.id));
  showFirst();
}

/** @param {HTMLElement | null} item @param {string} problem */
function giveBack(item, problem) {
  const place = document.getElementById("review-problem");
  const line = Object.assign(document.createElement("p"), { className: "notice notice-bad", textContent: problem });
  place?.replaceChildren(line);
  if (!item) return;
  sent.delete(item.id);
  document.getElementById("review-items")?.prepend(item);
  showFirst();
}

page.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-review-form]")) return;
  event.preventDefault();
  const item = /** @type {HTMLElement | null} */ (form.closest("[data-item]"));
  if (item && sent.has(item.id)) return;
  const seconds = form.elements.namedItem("seconds");
  if (seconds instanceof HTMLInputElement) seconds.value = ((performance.now() - shownAt) / 1000).toFixed(1);
  const body = new FormData(form, event.submitter);
  if (item) {
    sent.add(item.id);
    item.hidden = true;
    showFirst();
  }
  onTheWay = onTheWay.then(() => send(form, body, item));
});

page.addEventListener("click", (event) => {
  const target = event.target instanceof HTMLElement ? event.target : null;
  const item = /** @type {HTMLElement | null} */ (target?.closest("[data-item]") ?? null);
  if (!item || !target) return;
  if (target.closest("[data-copy-answer]")) return copyAnswer(item, target);
  if (!target.matches("[data-question] input")) return;
  const open = makeReady(item);
  // Only after a digit: whoever walks through the choices with the arrows stays among them.
  if (!event.isTrusted) (open ? choices(open)[0] : /** @type {HTMLElement | null} */ (item.querySelector("[data-submit]")))?.focus();
});

/** @param {HTMLElement} item @param {HTMLElement} button */
function copyAnswer(item, button) {
  const area = button.closest("[data-question-text]")?.querySelector("textarea");
  if (!area || area.value) return area?.focus();
  area.value = item.querySelector("[data-answer]")?.textContent ?? "";
  area.focus();
}

page.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !(event.target instanceof HTMLTextAreaElement)) return;
  const heading = event.target.closest("[data-item]")?.querySelector("[data-heading]");
  if (heading instanceof HTMLElement) heading.focus({ preventScroll: true });
});

const first = current();
if (first) {
  makeReady(first);
  /** @type {HTMLElement | null} */ (first.querySelector("[data-heading]"))?.focus({ preventScroll: true });
}
