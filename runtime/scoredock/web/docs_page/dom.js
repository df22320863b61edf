// Elements without innerHTML: what comes from the service or its users is text and stays text.

/**
 * An element. Attributes that are functions are listeners (`onclick`); null and false leave an attribute out.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element of index.html with this id. @param {string} id @returns {any} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

let count = 0;

/** An id that no other element has. @param {string} stem */
export function freshId(stem) {
  count += 1;
  return `${stem}-${count}`;
}

/** Tell people who do not see the page what happened. @param {string} text */
export function say(text) {
  byId("announcer").textContent = text;
}

/** A button that copies a text. @param {string} label @param {() => string} text */
export function copyButton(label, text) {
  const button = el("button", { type: "button", class: "quiet", "aria-label": label, onclick: copy }, "Copy");
  async function copy() {
    const done = await write(text());
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    say(done ? "Copied" : "The browser does not let this page copy");
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }
  return button;
}

/** Without TLS, browsers have no clipboard for pages but their old way. @param {string} text */
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = el("textarea", { class: "off-screen", "aria-hidden": "true" });
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}

/** A size as people write it. @param {number} bytes */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let place = 0;
  let value = bytes;
  while (value >= 1000 && place < units.length - 1) {
    value /= 1000;
    place += 1;
  }
  return `${place && value < 100 ? value.toFixed(1) : Math.round(value)} ${bytes === 1 ? "byte" : units[place]}`;
}

/** Milliseconds as people write them. @param {number} value */
export function milliseconds(value) {
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return value >= 100 ? `${Math.round(value)} ms` : `${Number(value.toPrecision(value < 1 ? 2 : 3))} ms`;
}
