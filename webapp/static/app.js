// @ts-check
/* Callboard in the browser: small elements and a few behaviours found by attribute. Charts are in chart.js.
   Pages work without this file; nothing here builds markup from text that people or models wrote. */

/** @typedef {{name: string, keys: string}} Shortcut */
/** @typedef {{kind?: string, text: string}} Toast */

/**
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement[]}
 */
const all = (selector, root = document) => [...root.querySelectorAll(selector)].filter((found) => found instanceof HTMLElement);
/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);
/** @param {Element} element */
const isShown = (element) => element.checkVisibility?.() ?? element.getClientRects().length > 0;
/** @returns {any} */
const openDialog = () => [...document.querySelectorAll("dialog[open]")].at(-1);
/** @param {string} text Reads a line to screen readers. */
const announce = (text) => byId("announce")?.replaceChildren(text);

/* Keyboard ------------------------------------------------------------------------------------------- */

const PREFIX_MS = 1200;

class Keys extends HTMLElement {
  /** @type {Map<string, string[]>} */
  names = new Map();
  prefix = "";
  timer = 0;

  connectedCallback() {
    /** @type {Shortcut[]} */
    const table = JSON.parse(byId("key-table")?.textContent || "[]");
    for (const { name, keys } of table) this.names.set(keys, [...(this.names.get(keys) ?? []), name]);
    document.addEventListener("keydown", this.onKey);
    if (/Mac|iP(hone|ad)/.test(navigator.platform)) all("kbd").forEach((cap) => cap.textContent === "Ctrl" && (cap.textContent = "⌘"));
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
  }

  /** @param {KeyboardEvent} event */
  onKey = (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || event.getModifierState("AltGraph")) return;
    const held = event.ctrlKey || event.metaKey;
    if (!held && (isTyping(event.target) || (this.dataset.letters === "off" && event.key.length === 1))) return;
    const keys = (this.prefix && `${this.prefix} `) + chord(event);
    const names = this.names.get(keys);
    this.prefix = "";
    clearTimeout(this.timer);
    if (names) {
      if (names.some((name) => press(name, event))) event.preventDefault();
    } else if (!held && [...this.names.keys()].some((known) => known.startsWith(`${keys} `))) {
      this.prefix = keys;
      this.timer = setTimeout(() => (this.prefix = ""), PREFIX_MS);
    }
  };
}

/** @param {KeyboardEvent} event @returns {string} */
function chord(event) {
  const key = event.key === "Escape" ? "Esc" : event.key;
  const isLetter = /^[a-z]$/i.test(key);
  const held = event.ctrlKey || event.metaKey;
  const shifted = event.shiftKey && (isLetter || key.length > 1);
  const cap = isLetter ? (held || shifted ? key.toUpperCase() : key) : key;
  return (held ? "Ctrl+" : "") + (shifted ? "Shift+" : "") + cap;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** @type {Record<string, (event?: Event) => boolean>} */
const BUILT_IN = {
  search: () => openPalette(),
  help: () => showKeys(),
  filter: () => pressOn(found("filter") ?? all('input[type="search"]').find(isShown)),
  primary: () => submitHere(),
  "next-row": () => moveRow(1),
  "previous-row": () => moveRow(-1),
  "open-row": (event) => event?.target === document.body && clickIn(cursorRow(), ".row-link"),
  "select-row": () => clickIn(cursorRow(), 'input[type="checkbox"]'),
  fold: () => setFold(cursorRow(), false),
  unfold: () => setFold(cursorRow(), true),
  "next-error": () => openRow(nextAfterCursor(rows().filter((row) => row.matches(".wf-error")))),
  slowest: () => openRow(slowestRow()),
  "next-change": () => moveChange(1),
  "previous-change": () => moveChange(-1),
};

/**
 * Does what a shortcut stands for; tells whether anything on this page answered.
 * @param {string} name
 * @param {Event} [event]
 * @returns {boolean}
 */
function press(name, event) {
  const dialog = openDialog();
  if (dialog && !["primary", "close"].includes(name)) return name === "search" && dialog.id === "palette";
  if (dialog && name === "close") return false;
  if (BUILT_IN[name]) return BUILT_IN[name](event);
  return pressOn(found(name)) || clickIn(cursorRow(), `[data-row-shortcut="${name}"]`);
}

/** @param {string} name @returns {HTMLElement | undefined} */
const found = (name) => all(`[data-shortcut="${name}"]`, openDialog() ?? document).find(isShown);

/** @param {HTMLElement | undefined} element */
function pressOn(element) {
  if (!element) return false;
  if (isTyping(element)) element.focus();
  else element.click();
  return true;
}

function submitHere() {
  const form = document.activeElement?.closest("form:not([method='dialog'])");
  if (form instanceof HTMLFormElement && isTyping(document.activeElement)) {
    const button = [...form.elements].find((each) => each instanceof HTMLElement && each.dataset.shortcut === "primary");
    form.requestSubmit(/** @type {HTMLElement | null} */ (button ?? null));
    return true;
  }
  return pressOn(found("primary"));
}

function showKeys() {
  const sheet = byId("key-sheet");
  if (!sheet) return false;
  all("[data-key-row]", sheet).forEach((row) => (row.hidden = !works(row.dataset.keyRow ?? "")));
  all("section", sheet).forEach((section) => (section.hidden = !section.querySelector("dt:not([hidden])")));
  all("[popover]").forEach((menu) => menu.matches(":popover-open") && menu.hidePopover());
  sheet.showModal();
  return true;
}

/** @param {string} name */
function works(name) {
  if (["next-error", "slowest", "fold", "unfold"].includes(name)) return Boolean(document.querySelector(".wf-row"));
  if (["next-row", "previous-row", "open-row"].includes(name)) return rows().length > 0;
  if (["next-change", "previous-change"].includes(name)) return Boolean(document.querySelector("[data-change]"));
  if (rows().some((row) => row.querySelector(`[data-row-shortcut="${name}"]`))) return true;
  if (name === "select-row") return rows().some((row) => row.querySelector('input[type="checkbox"]'));
  if (["search", "help", "close"].includes(name)) return true;
  if (name === "primary") return Boolean(found(name) ?? document.querySelector("main textarea"));
  if (name === "filter") return Boolean(found(name) ?? all('input[type="search"]').find(isShown));
  return Boolean(found(name));
}

/* Rows: j, k, Enter, x, and the branches of a trace -------------------------------------------------- */

/** @returns {HTMLElement[]} */
function rows() {
  const list = all("[data-rows]").find(isShown);
  return list ? all(list.dataset.rows ?? "tbody tr", list).filter(isShown) : [];
}

/** @returns {HTMLElement | undefined} */
const cursorRow = () => all(".is-cursor").find(isShown) ?? rows().find((row) => row.matches("[aria-current='true']"));

/** @param {number} step */
function moveRow(step) {
  const list = rows();
  if (!list.length) return false;
  const at = list.findIndex((row) => row === cursorRow());
  putCursor(list[Math.min(Math.max(at < 0 ? (step > 0 ? 0 : list.length - 1) : at + step, 0), list.length - 1)]);
  return true;
}

/** @param {number} step Walks the changes of a comparison. */
function moveChange(step) {
  const list = all("[data-change]").filter(isShown);
  if (!list.length) return false;
  const at = list.findIndex((change) => change.matches(".is-here"));
  const next = Math.min(Math.max(at < 0 ? (step > 0 ? 0 : list.length - 1) : at + step, 0), list.length - 1);
  list[at]?.classList.remove("is-here");
  list[next].classList.add("is-here");
  list[next].focus({ preventScroll: true });
  list[next].scrollIntoView({ block: "center" });
  announce(`Change ${next + 1} of ${list.length}`);
  return true;
}

/** @param {HTMLElement} row */
function putCursor(row) {
  all(".is-cursor").forEach((old) => old.classList.remove("is-cursor"));
  row.classList.add("is-cursor");
  all(".row-link", row)[0]?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLElement | undefined} row */
function openRow(row) {
  if (!row) return false;
  putCursor(row);
  return clickIn(row, ".row-link");
}

/** @param {HTMLElement | undefined} row @param {string} selector */
const clickIn = (row, selector) => Boolean(row && pressOn(all(selector, row)[0]));

/** @param {HTMLElement[]} list */
function nextAfterCursor(list) {
  const at = cursorRow();
  return list.find((row) => at && at.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING) ?? list[0];
}

function slowestRow() {
  const leaves = rows().filter((row) => row.dataset.ms && !row.querySelector("[data-fold-row]"));
  return leaves.sort((one, other) => Number(other.dataset.ms) - Number(one.dataset.ms))[0];
}

/** @param {HTMLElement | undefined} row @param {boolean} isOpen */
function setFold(row, isOpen) {
  const button = row?.querySelector("[data-fold-row]");
  if (!row || !button) return false;
  button.setAttribute("aria-expanded", String(isOpen));
  const depth = Number(row.dataset.depth);
  let closedAt = isOpen ? Infinity : depth;
  for (let next = row.nextElementSibling; next instanceof HTMLElement && Number(next.dataset.depth) > depth; next = next.nextElementSibling) {
    const here = Number(next.dataset.depth);
    if (here <= closedAt && isOpen) closedAt = Infinity;
    next.hidden = here > closedAt;
    if (!next.hidden && next.querySelector("[aria-expanded='false']")) closedAt = here;
  }
  return true;
}

/* Command palette -------------------------------------------------------------------------------------- */

function openPalette() {
  const dialog = byId("palette");
  if (!dialog || dialog.open) return Boolean(dialog);
  dialog.showModal();
  dialog.querySelector("cb-palette").reset();
  return true;
}

class Palette extends HTMLElement {
  /** @type {AbortController | undefined} */
  request;
  timer = 0;

  connectedCallback() {
    this.input = /** @type {HTMLInputElement} */ (this.querySelector("input"));
    this.results = /** @type {HTMLElement} */ (this.querySelector(".palette-results"));
    this.input.addEventListener("input", () => this.search());
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.addEventListener("click", (event) => this.onClick(event));
    this.addEventListener("mousemove", (event) => {
      const item = event.target instanceof Element && event.target.closest(".palette-item");
      if (item instanceof HTMLElement) this.select(item);
    });
    this.parentElement?.addEventListener("click", (event) => event.target === this.parentElement && this.close());
  }

  reset() {
    this.input.value = "";
    this.results.replaceChildren();
    this.filter();
    this.input.focus();
  }

  close() {
    /** @type {HTMLDialogElement} */ (this.parentElement).close();
  }

  get items() {
    return all(".palette-item", this).filter((item) => !item.hidden);
  }

  search() {
    this.filter();
    clearTimeout(this.timer);
    this.request?.abort();
    const url = this.dataset.searchUrl;
    const text = this.input.value.trim();
    if (!url || text.length < 2) return this.results.replaceChildren();
    this.timer = setTimeout(() => this.fetch(url, text), 140);
  }

  /** @param {string} url @param {string} text */
  async fetch(url, text) {
    this.request = new AbortController();
    try {
      const response = await fetch(`${url}?${new URLSearchParams({ q: text })}`, { signal: this.request.signal, headers: { "HX-Request": "true" } });
      if (!response.ok || response.redirected) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      this.results.replaceChildren(...page.body.childNodes);
      this.filter();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }

  filter() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    all(".palette-item", this).forEach((item, index) => {
      item.id ||= `palette-item-${index}`;
      const known = (item.querySelector("span")?.textContent ?? "").toLowerCase().split(/[\s/-]+/);
      item.hidden = !this.results.contains(item) && !words.every((word) => known.some((part) => part.startsWith(word)));
    });
    all('[role="group"]', this).forEach((group) => (group.hidden = !group.querySelector(".palette-item:not([hidden])")));
    const none = /** @type {HTMLElement} */ (this.querySelector(".palette-none"));
    none.hidden = this.items.length > 0;
    this.select(this.items[0]);
  }

  /** @param {HTMLElement | undefined} item */
  select(item) {
    all("[aria-selected]", this).forEach((old) => old.removeAttribute("aria-selected"));
    item?.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", item?.id ?? "");
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const items = this.items;
    const at = items.findIndex((item) => item.hasAttribute("aria-selected"));
    if (step) {
      const next = items.at((at + step) % items.length);
      this.select(next);
      next?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      items[at]?.click();
    } else return;
    event.preventDefault();
  }

  /** @param {Event} event */
  onClick(event) {
    const item = event.target instanceof Element && event.target.closest(".palette-item");
    if (!(item instanceof HTMLElement)) return;
    this.close();
    if (item.dataset.presses) press(item.dataset.presses);
    if (item.dataset.pressesName) all(`button[name="${item.dataset.pressesName}"][value="${item.dataset.pressesValue}"]`)[0]?.click();
  }
}

/* Live parts: ask again until the answer says stop --------------------------------------------------------- */

class Live extends HTMLElement {
  timer = 0;
  failures = 0;

  connectedCallback() {
    this.setAttribute("hx-indicator", "this");
    this.plan();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  plan() {
    clearTimeout(this.timer);
    const seconds = Math.max(Number(this.dataset.every) || 2, 0.5) * 2 ** Math.min(this.failures, 5);
    this.timer = setTimeout(() => this.ask(), Math.min(seconds, 60) * 1000);
  }

  async ask() {
    if (document.hidden) return this.plan();
    try {
      await /** @type {any} */ (window).htmx.ajax("GET", this.dataset.src, { source: this, target: this, swap: "outerHTML" });
    } finally {
      // Still here means nothing was swapped in: no news (204, 304) or no answer.
      if (this.isConnected) this.plan();
    }
  }
}

document.addEventListener("htmx:after:request", (event) => {
  const { target, detail } = /** @type {CustomEvent} */ (event);
  if (target instanceof Live) target.failures = detail.ctx.response.status >= 400 ? target.failures + 1 : 0;
});

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = /** @type {CustomEvent} */ (event).detail;
  const { status, raw } = ctx.response ?? {};
  if (raw?.redirected && /^\s*<!doctype/i.test(ctx.text) && !ctx.select) {
    event.preventDefault(); // A whole page instead of a part: most likely the sign-in page.
    location.assign(raw.url.includes("/accounts/") ? location.href : raw.url);
  } else if (status >= 500 || ((status === 403 || status === 404) && /^\s*<!doctype/i.test(ctx.text))) {
    event.preventDefault();
    if (!(event.target instanceof Live)) toast({ kind: "bad", text: problem(status, raw) });
  }
});

/** @param {number} status @param {Response} response */
function problem(status, response) {
  const reference = response.headers.get("X-Request-Id");
  const end = reference ? ` (reference ${reference})` : "";
  if (status === 403) return `You are not allowed to do that. Nothing was changed${end}.`;
  if (status === 404) return `This is no longer there. Reload the page to see what is${end}.`;
  if (status === 503) return `The server is busy. Nothing was changed; try again in a moment${end}.`;
  return `The server could not do that. What you typed is still here; try again${end}.`;
}

document.addEventListener("htmx:error", (event) => {
  if (!(event.target instanceof Live)) toast({ kind: "bad", text: "The server did not answer. What you typed is still here; check the connection and try again." });
});

document.addEventListener("htmx:after:swap", (event) => {
  prepare();
  if (/** @type {CustomEvent} */ (event).detail.ctx.target?.id === "main") document.querySelector("h1")?.focus();
});

/* Toasts ------------------------------------------------------------------------------------------------------ */

const TOAST_MS = 8000;

/** @param {Toast} options */
function toast({ kind = "good", text }) {
  const template = byId(kind === "bad" || kind === "error" ? "toast-bad" : "toast-good");
  const copy = template?.content.firstElementChild.cloneNode(true);
  if (!copy) return;
  copy.querySelector("p").textContent = text;
  byId("toasts").append(copy);
  startClock(copy);
}

/** @param {HTMLElement} element Removes a toast after eight seconds in which nobody pointed at it. */
function startClock(element) {
  if (element.dataset.clock) return;
  element.dataset.clock = "yes";
  let timer = 0;
  const start = () => (timer = setTimeout(() => element.remove(), TOAST_MS));
  for (const name of ["pointerenter", "focusin"]) element.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) element.addEventListener(name, start);
  start();
}

document.addEventListener("cb:toast", (event) => toast(/** @type {CustomEvent<Toast>} */ (event).detail));

/* Confirm: one dialog for links, buttons and htmx --------------------------------------------------------------- */

const DOUBLE_CLICK_MS = 600;

/** @param {string} text @param {DOMStringMap} [options] @returns {Promise<boolean>} */
function ask(text, { confirmTitle = "Are you sure?", confirmLabel = "Continue" } = {}) {
  const dialog = byId("confirm");
  dialog.querySelector("h2").textContent = confirmTitle;
  dialog.querySelector("[data-confirm-text]").textContent = text;
  dialog.querySelector("[data-confirm-yes]").textContent = confirmLabel;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      swallowSecondClick();
      resolve(dialog.returnValue === "yes");
    }, { once: true }),
  );
}

/** The second click of a double click would hit what lay below the dialog. */
function swallowSecondClick() {
  /** @param {MouseEvent} event */
  const swallow = (event) => {
    if (!event.isTrusted || event.detail < 2) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  addEventListener("click", swallow, true);
  setTimeout(() => removeEventListener("click", swallow, true), DOUBLE_CLICK_MS);
}

document.addEventListener("htmx:confirm", (event) => {
  const { ctx, issueRequest, dropRequest } = /** @type {CustomEvent} */ (event).detail;
  event.preventDefault();
  ask(ctx.confirm, ctx.sourceElement.dataset).then((yes) => (yes ? issueRequest() : dropRequest()));
});

/** @type {WeakSet<Element>} */
const confirmed = new WeakSet();

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-confirm]");
  if (!(button instanceof HTMLElement) || !byId("confirm")) return;
  if (confirmed.delete(button)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(button.dataset.confirm ?? "", button.dataset).then((yes) => {
    if (!yes) return;
    confirmed.add(button);
    button.click();
  });
}, true);

/* Text that is not saved yet --------------------------------------------------------------------------------------- */

/** @type {Set<HTMLFormElement>} */
const unsaved = new Set();
const KEEP = "cb-keep:";

document.addEventListener("input", ({ target }) => {
  if (!(target instanceof HTMLElement)) return;
  const form = target.closest("form[data-guard]");
  if (form instanceof HTMLFormElement) unsaved.add(form);
  if (target instanceof HTMLTextAreaElement && target.dataset.keep) keep(target.dataset.keep, { text: target.value, at: Date.now() });
});

addEventListener("beforeunload", (event) => {
  if ([...unsaved].some((form) => form.isConnected)) event.preventDefault();
});

document.addEventListener("submit", (event) => {
  if (!(event.target instanceof HTMLFormElement)) return;
  unsaved.delete(event.target);
  for (const area of all("textarea[data-keep]", event.target)) {
    const stored = kept(area.dataset.keep ?? "");
    if (stored) keep(area.dataset.keep ?? "", { ...stored, sentAt: Date.now() });
  }
});

document.addEventListener("htmx:after:request", (event) => {
  const { target, detail } = /** @type {CustomEvent} */ (event);
  const form = target instanceof Element ? target.closest("form") : null;
  if (!form || detail.ctx.response.status >= 400 || detail.ctx.request.method === "GET") return;
  unsaved.delete(form);
  for (const area of all("textarea[data-keep]", form)) forget(area.dataset.keep ?? "");
});

/** @param {string} key @param {{text: string, at: number, sentAt?: number}} value */
function keep(key, value) {
  try {
    localStorage.setItem(KEEP + key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the guard on leaving still protects the text.
  }
}

/** @param {string} key @returns {{text: string, at: number, sentAt?: number} | null} */
function kept(key) {
  try {
    return JSON.parse(localStorage.getItem(KEEP + key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key */
const forget = (key) => localStorage.removeItem(KEEP + key);

/** Forgets what the server just took: the page that follows a sent form was reached by a plain navigation. */
function forgetSent() {
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (navigation?.type !== "navigate") return;
  for (const name of Object.keys(localStorage).filter((item) => item.startsWith(KEEP))) {
    const key = name.slice(KEEP.length);
    const sentAt = kept(key)?.sentAt ?? 0;
    const failed = all("textarea[data-keep]").some((area) => area.dataset.keep === key && area.closest("form")?.querySelector(".errorlist"));
    if (Date.now() - sentAt < 60_000 && !failed) forget(key);
  }
}

/** @param {HTMLTextAreaElement} area */
function offerKept(area) {
  const stored = kept(area.dataset.keep ?? "");
  const template = byId("kept-text");
  if (!stored || !template || stored.text === area.value || area.dataset.offered) return;
  area.dataset.offered = "yes";
  const notice = template.content.firstElementChild.cloneNode(true);
  notice.querySelector("[data-when]").textContent = ago(new Date(stored.at));
  notice.querySelector("[data-restore]").addEventListener("click", () => {
    area.value = stored.text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    notice.remove();
    area.focus();
  });
  notice.querySelector("[data-discard]").addEventListener("click", () => {
    forget(area.dataset.keep ?? "");
    notice.remove();
  });
  area.before(notice);
}

/* Copy, dismiss, choose all, fold, send on change ---------------------------------------------------------------------- */

/** @param {string} text */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text, className: "visually-hidden" });
  (openDialog() ?? document.body).append(area);
  area.select();
  document.execCommand("copy"); // The clipboard interface is only there over HTTPS and on this computer.
  area.remove();
}

/** @param {HTMLElement} button */
async function copyFrom(button) {
  const source = button.dataset.copyTarget ? byId(button.dataset.copyTarget) : null;
  await copy(source ? (source.value ?? source.textContent) : (button.dataset.copy ?? ""));
  announce("Copied");
  const word = button.querySelector("span");
  const before = word?.textContent ?? "";
  if (button.dataset.copied) return;
  button.dataset.copied = "yes";
  if (word) word.textContent = "Copied";
  setTimeout(() => {
    delete button.dataset.copied;
    if (word) word.textContent = before;
  }, 1600);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const link = target?.closest("a[data-copy-link]");
  if (link instanceof HTMLAnchorElement) copy(link.href).then(() => announce("The link is copied"));
  const button = target?.closest("button, [data-dismiss]");
  if (button instanceof HTMLElement) onButton(button, event);
  const row = target?.closest("[data-rows] .wf-row");
  if (row && target?.closest("a")) {
    all(".wf-row[aria-current]").forEach((old) => old.removeAttribute("aria-current"));
    row.setAttribute("aria-current", "true");
  }
});

/** @param {HTMLElement} button @param {Event} event */
function onButton(button, event) {
  if ("copy" in button.dataset || "copyTarget" in button.dataset) copyFrom(button);
  if ("dismiss" in button.dataset) button.closest(".toast, .notice, .card")?.remove();
  if ("openPalette" in button.dataset) openPalette();
  if (button.dataset.shortcut === "help") showKeys();
  if ("foldRow" in button.dataset) setFold(/** @type {HTMLElement} */ (button.closest(".wf-row")), button.getAttribute("aria-expanded") === "false");
  if ("unfold" in button.dataset) unfold(button);
  if ("rangeApply" in button.dataset) showOwnRange(/** @type {HTMLElement} */ (button.closest("[data-own-range]")));
  const dialog = byId(button.getAttribute("commandfor") ?? "");
  if (dialog && !("commandForElement" in HTMLButtonElement.prototype)) {
    event.preventDefault();
    if (button.getAttribute("command") === "close") dialog.close();
    else dialog.showModal();
  }
}

document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
  const form = target.closest("form[data-submit-on-change]");
  // A field that asks by itself has asked already: leaving it for a link must not send the form instead.
  if (form instanceof HTMLFormElement && !target.hasAttribute("hx-get")) form.requestSubmit();
  if (target instanceof HTMLInputElement && target.type === "checkbox") choose(target);
});

addEventListener("pageshow", ({ persisted }) => {
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  // Back brings the old list, but the fields as they were left: with the filter that led away from it.
  if (persisted || navigation?.type === "back_forward") all("form[data-submit-on-change]").forEach((form) => /** @type {HTMLFormElement} */ (form).reset());
});

/** @param {HTMLInputElement} box Keeps "choose all", the rows and the bulk bar in step. */
function choose(box) {
  const name = box.dataset.chooseAll ?? box.name;
  const master = /** @type {HTMLInputElement | null} */ (document.querySelector(`[data-choose-all="${name}"]`));
  if (!master) return;
  const boxes = /** @type {HTMLInputElement[]} */ (all(`input[type="checkbox"][name="${name}"]`));
  if (box === master) boxes.forEach((each) => (each.checked = master.checked));
  const chosen = boxes.filter((each) => each.checked);
  boxes.forEach((each) => each.closest("tr")?.classList.toggle("is-chosen", each.checked));
  master.checked = chosen.length === boxes.length;
  master.indeterminate = chosen.length > 0 && !master.checked;
  const bar = document.querySelector(`[data-bulk="${name}"]`);
  if (!(bar instanceof HTMLElement)) return;
  bar.hidden = !chosen.length;
  bar.querySelector("[data-bulk-count]")?.replaceChildren(String(chosen.length));
}

/** @param {HTMLElement} fold Long texts start folded when they are higher than their box allows. */
function measureFold(fold) {
  const body = fold.firstElementChild;
  if (!body || fold.dataset.measured || body.scrollHeight < 330) return;
  fold.dataset.measured = "yes";
  fold.dataset.folded = "yes";
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Show all" });
  button.dataset.unfold = "yes";
  fold.append(button);
}

/** @param {HTMLElement} button */
function unfold(button) {
  const fold = /** @type {HTMLElement} */ (button.parentElement);
  const isOpen = !("folded" in fold.dataset);
  if (isOpen) fold.dataset.folded = "yes";
  else delete fold.dataset.folded;
  button.textContent = isOpen ? "Show all" : "Show less";
}

/** @param {HTMLElement} place The server reads `from..to` in world time; people type their own. */
function showOwnRange(place) {
  const [from, to] = ["from", "to"].map((end) => /** @type {HTMLInputElement} */ (place.querySelector(`[data-range-${end}]`)));
  for (const input of [from, to]) input.setCustomValidity(input.value ? "" : "Choose a day and a time.");
  if (from.value && to.value && from.value >= to.value) to.setCustomValidity("This must be later than the start.");
  if (!from.reportValidity() || !to.reportValidity()) return;
  const url = new URL(location.href);
  for (const name of ["cursor", "before", "after", "older", "newer"]) url.searchParams.delete(name);
  url.searchParams.set("range", [from, to].map((input) => new Date(input.value).toISOString().replace(".000", "")).join(".."));
  location.assign(url);
}

/* Theme, density, letter keys ------------------------------------------------------------------------------------------- */

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!(form instanceof HTMLFormElement) || !("preferences" in form.dataset) || !(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  all(`button[name="${button.name}"]`, form).forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
  const root = document.documentElement;
  if (button.name === "shortcuts") document.querySelector("cb-keys")?.setAttribute("data-letters", button.value);
  else root.className = root.className.replace(new RegExp(`${button.name}-\\w+`), `${button.name}-${button.value}`);
  document.dispatchEvent(new CustomEvent("cb:theme"));
  fetch(form.action, { method: "POST", body: new FormData(form, button), headers: { "X-Requested-With": "fetch" } }).catch(() =>
    toast({ kind: "bad", text: "The choice holds until you reload: the server did not answer." }),
  );
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new CustomEvent("cb:theme")));

/* Menus ------------------------------------------------------------------------------------------------------------------ */

document.addEventListener("keydown", (event) => {
  const menu = event.target instanceof Element && event.target.closest(".menu");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step) return;
  const items = all("a, button", menu).filter(isShown);
  const at = items.findIndex((item) => item === document.activeElement);
  items.at((at + step) % items.length)?.focus();
  event.preventDefault();
});

document.addEventListener("toggle", ({ target, newState }) => {
  if (!(target instanceof HTMLElement) || !target.matches(".menu") || newState !== "open") return;
  const opener = document.querySelector(`[popovertarget="${target.id}"]`);
  if (opener && !CSS.supports("position-area: block-end")) putUnder(target, opener.getBoundingClientRect());
  if (opener?.matches(":focus-visible")) all("a, button", target)[0]?.focus();
}, true);

/** @param {HTMLElement} menu @param {DOMRect} box */
function putUnder(menu, box) {
  const left = menu.matches(".menu-end") ? box.right - menu.offsetWidth : box.left;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${box.bottom > innerHeight - 120 ? box.top - menu.offsetHeight - 12 : box.bottom}px`;
}

/* Times ------------------------------------------------------------------------------------------------------------------- */

/** @type {[number, string][]} */
const UNITS = [[31_536_000, "y"], [2_592_000, "mo"], [86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];

/** @param {Date} moment @returns {string} */
function ago(moment) {
  const seconds = (Date.now() - moment.getTime()) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  const [size, unit] = UNITS.find(([limit]) => Math.abs(seconds) >= limit) ?? [1, "s"];
  const text = `${Math.floor(Math.abs(seconds) / size)} ${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function refreshTimes() {
  for (const time of all("time[data-relative]")) time.textContent = ago(new Date(/** @type {HTMLTimeElement} */ (time).dateTime));
}

/* Start -------------------------------------------------------------------------------------------------------------------- */

function prepare() {
  all("[data-fold]").forEach(measureFold);
  all(".toast").forEach(startClock);
  all("textarea[data-keep]").forEach((area) => offerKept(/** @type {HTMLTextAreaElement} */ (area)));
  refreshTimes();
  // Sideways only: a panel may hold tabs below the fold, and a page must open at its top.
  all(".side-nav [aria-current], .tabs [aria-current]").forEach((here) => {
    const list = /** @type {HTMLElement} */ (here.parentElement);
    list.scrollLeft = here.offsetLeft - list.offsetLeft - (list.clientWidth - here.offsetWidth) / 2;
  });
  const chart = /** @type {HTMLElement | null} */ (document.querySelector("cb-chart[data-script]"));
  if (chart) import(/** @type {string} */ (chart.dataset.script));
}

customElements.define("cb-keys", Keys);
customElements.define("cb-palette", Palette);
customElements.define("cb-live", Live);
forgetSent();
prepare();
setInterval(refreshTimes, 30_000);
