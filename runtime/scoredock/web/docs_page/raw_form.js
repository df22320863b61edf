// The form of a raw script: method, query, content type, and a file or a text as the body.

import { el, freshId, say, size } from "./dom.js";

const BY_ENDING = new Map(Object.entries({
  json: "application/json", csv: "text/csv", txt: "text/plain", pgm: "image/x-portable-graymap", ppm: "image/x-portable-pixmap",
  parquet: "application/vnd.apache.parquet", arrow: "application/vnd.apache.arrow.stream", npy: "application/x-npy",
}));

/** The content type of a file, by the browser's or our own knowledge. @param {File} file */
function typeOf(file) {
  return file.type || BY_ENDING.get(file.name.split(".").pop()?.toLowerCase() ?? "") || "application/octet-stream";
}

/** @returns {import("./form.js").Form} */
export function rawForm() {
  /** @type {File | null} */
  let file = null;
  let address = "";
  const method = el("select", { id: freshId("method"), onchange: draw }, ...["POST", "GET"].map((name) => el("option", {}, name)));
  const query = el("input", { id: freshId("query"), placeholder: "name=value", autocomplete: "off", spellcheck: "false" });
  const type = el("input", { id: freshId("type"), value: "text/plain", autocomplete: "off", spellcheck: "false" });
  const part = el("input", { id: freshId("part"), placeholder: "none: the file is the body", autocomplete: "off", spellcheck: "false" });
  const text = el("textarea", { class: "code", rows: 4, "aria-label": "The body as text", spellcheck: "false" });
  const input = el("input", { type: "file", id: freshId("file"), class: "off-screen", onchange: () => take(input.files?.[0] ?? null) });
  const preview = el("img", { alt: "", hidden: true, onerror: () => (preview.hidden = true), onload: () => (preview.hidden = false) });
  const said = el("span", { class: "file-name" });
  const remove = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => (take(null), input.focus()) }, "Remove the file");
  const zone = el("div", { class: "drop", ondragover: over, ondragleave: () => zone.classList.remove("over"), ondrop: drop },
    input, preview, el("label", { for: input.id }, said), remove);
  const withBody = el("div", { class: "field" }, zone, text, pair("Content type", type), pair("Form field", part));
  const element = el("div", { class: "raw" }, el("div", { class: "pairs" }, pair("Method", method), pair("Query", query)), withBody);
  take(null);

  /** @param {string} label @param {HTMLElement} control */
  function pair(label, control) {
    return el("div", { class: "pair" }, el("label", { for: control.id }, label), control);
  }

  function draw() {
    withBody.hidden = method.value === "GET";
  }

  /** @param {DragEvent} event */
  function over(event) {
    event.preventDefault();
    zone.classList.add("over");
  }

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer?.files.length) take(event.dataTransfer.files[0]);
  }

  /** @param {File | null} chosen */
  function take(chosen) {
    file = chosen;
    if (address) URL.revokeObjectURL(address);
    address = file ? URL.createObjectURL(file) : "";
    preview.hidden = true;
    preview.alt = file ? `Preview of ${file.name}` : "";
    if (file && typeOf(file).startsWith("image/")) preview.src = address;
    said.textContent = file ? `${file.name}, ${size(file.size)}` : "Drop a file here, or choose one";
    if (file) say(`${file.name} will be sent`);
    else input.value = "";
    type.value = file ? typeOf(file) : "text/plain";
    text.hidden = file !== null;
    remove.hidden = file === null;
    draw();
    zone.dispatchEvent(new Event("input", { bubbles: true })); // what is dropped is typed by nobody
  }

  return {
    element,
    request() {
      const common = { method: method.value, query: query.value.replace(/^\?/, "") };
      if (method.value === "GET") return { ...common, contentType: null, body: null };
      if (!file) return { ...common, contentType: type.value, text: text.value, body: text.value };
      const field = part.value.trim() || null;
      let body = /** @type {BodyInit} */ (file);
      if (field) {
        body = new FormData();
        body.set(field, file);
      }
      return { ...common, contentType: field ? null : type.value, body, file: { name: file.name, field } };
    },
    state: () => ({ file, method: method.value, query: query.value, type: type.value, part: part.value, text: text.value }),
    restore(state) {
      take(state.file);
      [method.value, query.value, type.value, part.value, text.value] = [state.method, state.query, state.type, state.part, state.text];
      draw();
    },
    clear: () => undefined,
    mark: () => null,
  };
}
