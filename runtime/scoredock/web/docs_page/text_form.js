// The form of a script that takes the body as text: the text, and what it is said to be.

import { el, freshId } from "./dom.js";
import { JsonError, parse } from "./json.js";

/** @param {any} sample a text, where there is one @returns {import("./form.js").Form} */
export function textForm(sample) {
  const id = freshId("text");
  const area = el("textarea", { class: "code", id, rows: 8, spellcheck: "false", oninput: check, placeholder: '{"text": "…"}' });
  const type = el("select", { id: freshId("type"), onchange: check }, el("option", {}, "application/json"), el("option", {}, "text/plain"), el("option", {}, "text/csv"));
  const hint = el("p", { class: "hint" });
  area.value = typeof sample === "string" ? sample : "";
  check();

  function check() {
    hint.textContent = "run() gets this text as it is.";
    if (type.value !== "application/json" || !area.value.trim()) return;
    try {
      parse(area.value);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      hint.textContent = `This is no JSON (${error.message}); it is sent as it is.`;
    }
  }

  return {
    element: el("div", { class: "field" }, el("label", { for: id }, "The request's body"), area, hint,
      el("div", { class: "pair" }, el("label", { for: type.id }, "Content type"), type)),
    request: () => ({ method: "POST", contentType: type.value, text: area.value, body: area.value }),
    state: () => ({ text: area.value, type: type.value }),
    restore(state) {
      area.value = state.text;
      type.value = state.type;
      check();
    },
    clear: () => undefined,
    mark: () => null,
  };
}
