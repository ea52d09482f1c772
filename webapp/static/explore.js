// @ts-check
/* The list of traces. The line of filters: what may come next is offered while somebody writes, and chosen by keyboard or pointer. */

/** @typedef {{text: string, hint: string}} Option */

const WAIT_MS = 120;

class Line extends HTMLElement {
  timer = 0;
  from = 0;
  active = -1;
  /** @type {Option[]} */
  options = [];
  /** @type {AbortController | undefined} */
  request;

  connectedCallback() {
    this.input = /** @type {HTMLInputElement} */ (this.querySelector("input"));
    this.list = document.createElement("ul");
    Object.assign(this.list, { id: "line-options", className: "line-options", role: "listbox", ariaLabel: "What may come next", hidden: true });
    this.append(this.list);
    for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-autocomplete", "list"], ["aria-controls", "line-options"]]) this.input.setAttribute(name, value);
    this.input.addEventListener("input", () => this.plan());
    this.input.addEventListener("click", () => this.plan());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    // Down, not up: by then the field has lost the focus and the list is gone.
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const item = event.target instanceof Element ? event.target.closest("li") : null;
      if (item) this.take([...this.list.children].indexOf(item));
    });
  }

  plan() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    this.request?.abort();
    this.request = new AbortController();
    const { value, selectionStart } = this.input;
    const query = new URLSearchParams({ line: value, at: String(selectionStart ?? value.length) });
    try {
      const answer = await fetch(`${this.dataset.src}?${query}`, { signal: this.request.signal });
      if (!answer.ok || answer.redirected) return this.close();
      const { from, options } = await answer.json();
      if (this.input.value === value && document.activeElement === this.input) this.show(from, options);
    } catch (error) {
      if (!(error instanceof DOMException)) this.close();
    }
  }

  /** @param {number} from @param {Option[]} options */
  show(from, options) {
    this.from = from;
    this.options = options;
    this.list.replaceChildren(...options.map((option, index) => lineOf(option, index)));
    this.list.hidden = !options.length;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    this.mark(-1);
  }

  close() {
    clearTimeout(this.timer);
    this.show(0, []);
  }

  /** @param {number} index */
  mark(index) {
    this.active = index;
    [...this.list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === index)));
    const item = this.list.children[index];
    item?.scrollIntoView({ block: "nearest" });
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  take(index) {
    const { value, selectionStart } = this.input;
    const { text } = this.options[index];
    const goesOn = /[:.]$/.test(text);
    const before = value.slice(0, this.from) + text + (goesOn ? "" : " ");
    this.input.value = before + value.slice(selectionStart ?? value.length).trimStart();
    this.input.setSelectionRange(before.length, before.length);
    this.close();
    if (goesOn) this.plan();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const isOpen = this.options.length > 0;
    if (event.isComposing) return;
    if (step && isOpen) {
      const count = this.options.length;
      this.mark(this.active < 0 && step < 0 ? count - 1 : (this.active + step + count) % count);
    } else if (step) this.plan();
    else if (event.key === "Enter" && this.active >= 0) this.take(this.active);
    else if (event.key === "Escape") this.close(); // The browser would empty the field: a line may be long.
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {Option} option @param {number} index */
function lineOf(option, index) {
  const item = Object.assign(document.createElement("li"), { id: `line-option-${index}`, role: "option" });
  item.append(Object.assign(document.createElement("span"), { textContent: option.text }));
  if (option.hint) item.append(Object.assign(document.createElement("small"), { textContent: option.hint }));
  return item;
}

customElements.define("cb-line", Line);

/* The live tail: rows that came in are put above the others, never while somebody points at them or reads one. */

const MOST_ROWS = 200;

class Follow extends HTMLElement {
  timer = 0;
  came = 0;
  isPaused = false;

  connectedCallback() {
    this.body = /** @type {HTMLElement | null} */ (this.parentElement?.querySelector("tbody"));
    this.words = this.querySelector("[data-follow-words]");
    this.button = /** @type {HTMLButtonElement} */ (this.querySelector("[data-follow-pause]"));
    this.button.addEventListener("click", () => this.pause(!this.isPaused));
    this.plan();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  /** @param {boolean} isPaused */
  pause(isPaused) {
    this.isPaused = isPaused;
    this.button.setAttribute("aria-pressed", String(isPaused));
    this.classList.toggle("is-paused", isPaused);
    this.say();
  }

  plan() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), Number(this.dataset.every) * 1000);
  }

  get isWatched() {
    return Boolean(this.body?.matches(":hover") || this.body?.contains(document.activeElement) || this.body?.querySelector("input:checked"));
  }

  async ask() {
    try {
      if (this.body && !this.isPaused && !this.isWatched && !document.hidden) await this.fetch(this.body);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // The server did not answer: ask again.
    } finally {
      if (this.isConnected) this.plan();
    }
  }

  /** @param {HTMLElement} body */
  async fetch(body) {
    const answer = await fetch(`${this.dataset.src}${this.dataset.src?.endsWith("?") ? "" : "&"}${new URLSearchParams({ than: body.dataset.newest ?? "" })}`);
    if (!answer.ok || answer.redirected) return;
    const came = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("tbody");
    if (!came || this.isWatched || this.isPaused) return;
    body.dataset.newest = came.dataset.newest ?? "";
    const rows = [...came.children];
    rows.forEach((row) => row.classList.add("came-in"));
    body.prepend(...rows);
    [...body.children].slice(MOST_ROWS).forEach((row) => row.remove());
    this.came += rows.length;
    this.say();
  }

  say() {
    const count = this.came ? `${this.came} came in` : "new traces come in at the top";
    this.words?.replaceChildren(this.isPaused ? `Paused: ${count}.` : `Following: ${count}.`);
  }
}

customElements.define("cb-follow", Follow);

/* A search that the page had no time to finish goes on: rows come in below, until the page is full, everything was looked at or somebody stops it. */

const AGAIN_MS = 100;
const AGAIN_AFTER_TROUBLE_MS = 3_000;
const MOST_SEARCHING_MS = 120_000; // Then somebody has to want it: a page left open must not search for ever.

class SearchOn extends HTMLElement {
  timer = 0;
  isStopped = false;
  until = 0;
  /** @type {AbortController | undefined} */
  request;

  connectedCallback() {
    this.button = /** @type {HTMLButtonElement} */ (this.querySelector("[data-search-stop]"));
    this.button.hidden = false;
    this.button.addEventListener("click", () => (this.isStopped ? this.start() : this.stop()));
    this.start();
  }

  disconnectedCallback() {
    this.stop();
  }

  start() {
    this.isStopped = false;
    this.until = Date.now() + MOST_SEARCHING_MS;
    this.button?.replaceChildren("Stop");
    this.plan(AGAIN_MS);
  }

  stop() {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.request?.abort();
    this.button?.replaceChildren("Search on");
  }

  /** @param {number} milliseconds */
  plan(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), milliseconds);
  }

  async ask() {
    if (Date.now() > this.until) return this.stop();
    if (document.hidden) return this.plan(AGAIN_AFTER_TROUBLE_MS);
    this.request = new AbortController();
    try {
      const answer = await fetch(this.dataset.src ?? "", { signal: this.request.signal });
      if (answer.redirected) return this.stop(); // Signed out meanwhile.
      if (!answer.ok) return this.plan(AGAIN_AFTER_TROUBLE_MS);
      this.take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (error) {
      if (this.isStopped) return;
      if (!(error instanceof TypeError)) throw error;
      this.plan(AGAIN_AFTER_TROUBLE_MS); // The server did not answer.
    }
  }

  /** @param {Document} came */
  take(came) {
    const section = this.closest("section");
    const rows = [...(came.querySelector("tbody")?.children ?? [])];
    section?.querySelector("tbody")?.append(...rows);
    if (rows.length) section?.querySelectorAll("[data-with-rows]").forEach((part) => part.removeAttribute("hidden"));
    const next = /** @type {HTMLElement | null} */ (came.querySelector("cb-search-on"));
    if (!next) return this.closest("[data-below]")?.replaceWith(/** @type {Element} */ (came.querySelector("[data-below]")));
    this.dataset.src = next.dataset.src;
    for (const part of ["[data-search-state]", "[data-search-until]", "[data-search-found]"]) {
      const [now, then] = [this.querySelector(part), next.querySelector(part)];
      if (now && then && now.innerHTML !== then.innerHTML) now.replaceChildren(...then.childNodes);
    }
    const [pager, other] = [this.parentElement?.querySelector(".pager"), came.querySelector(".pager")];
    if (pager && other) pager.replaceWith(other);
    this.plan(AGAIN_MS);
  }
}

customElements.define("cb-search-on", SearchOn);
