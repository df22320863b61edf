// The form of a script with a schema: its arguments, and the same request as JSON, in sync both ways.

import { el, freshId } from "./dom.js";
import { JsonError, compact, isObject, parse, pretty } from "./json.js";
import { readPath } from "./paths.js";
import { makeEditor } from "./editors.js";
import { tabbed } from "./tabs.js";

/** @typedef {import("./form.js").Form} Form */

/** @param {any[]} services_arguments @param {any} sample the whole body @returns {Form} */
export function schemaForm(services_arguments, sample) {
  /** @type {Record<string, any>} */
  let body = isObject(sample) ? sample : {};
  /** @type {Map<string, import("./editors.js").Editor>} */
  let editors = new Map();
  let syntax = "";
  let stale = true;
  const form = el("div", { class: "arguments" });
  const area = el("textarea", { class: "code", "aria-label": "The request's body as JSON", spellcheck: "false", oninput: readText });
  const problem = el("p", { class: "problem", id: freshId("problem"), hidden: true });
  const views = tabbed("The request as", [
    { name: "Form", panel: form, shown: () => stale && draw() },
    { name: "JSON", panel: el("div", {}, area, problem), shown: writeText },
  ]);

  function draw() {
    stale = false;
    editors = new Map();
    form.replaceChildren(...services_arguments.map(argumentElement));
    if (!services_arguments.length) form.append(el("p", { class: "hint" }, "run() takes no arguments: an empty object is sent."));
  }

  /** @param {any} argument */
  function argumentElement(argument) {
    const { name } = argument;
    const content = el("div");
    const given = Object.hasOwn(body, name);
    const words = argument.words ? el("span", { class: "hint" }, argument.words.split("; ")[0]) : null;
    const box = argument.required ? null : el("input", { type: "checkbox", onchange: toggle });
    if (box) box.checked = given;
    const choice = box ? el("label", { class: "check" }, box, `send (default ${compact(argument.default)})`) : null;
    if (given) show(body[name]);

    /** @param {any} value */
    function show(value) {
      const editor = makeEditor(argument, value, () => {
        body = { ...body, [name]: editor.get() };
      });
      editors.set(name, editor);
      content.replaceChildren(editor.element);
    }

    function toggle() {
      if (box.checked) {
        body = { ...body, [name]: argument.sample ?? argument.default ?? null };
        show(body[name]);
      } else {
        const { [name]: _, ...rest } = body;
        body = rest;
        editors.delete(name);
        content.replaceChildren();
      }
    }

    return el("fieldset", { class: "argument" }, el("legend", {}, name), el("div", { class: "about" }, words, choice), content);
  }

  function writeText() {
    if (syntax) return;
    area.value = pretty(body);
    area.rows = Math.min(24, Math.max(8, area.value.split("\n").length + 1));
  }

  function readText() {
    try {
      const value = parse(area.value);
      syntax = isObject(value) ? "" : "expected an object with run()'s arguments as names";
      if (!syntax) [body, stale] = [value, true];
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      syntax = error.message;
    }
    tell(syntax);
  }

  /** @param {string} text */
  function tell(text) {
    problem.textContent = text;
    problem.hidden = !text;
    area.setAttribute("aria-invalid", String(Boolean(text)));
    if (text) area.setAttribute("aria-describedby", problem.id);
    else area.removeAttribute("aria-describedby");
  }

  return {
    element: views.element,
    request() {
      if (syntax) {
        views.select("JSON");
        area.focus();
        return null;
      }
      const text = pretty(body);
      return { method: "POST", contentType: "application/json", text, json: body, body: text };
    },
    state: () => body,
    restore(state) {
      [body, syntax, stale] = [state, "", true];
      tell("");
      draw();
      writeText();
    },
    clear: () => editors.forEach((editor) => editor.clear()),
    mark(message) {
      const path = readPath(message, body, services_arguments.map((argument) => argument.name));
      if (!path) return null;
      if (!form.hidden) {
        const [name, ...steps] = path.steps;
        const editor = editors.get(String(name));
        const marked = editor?.mark(steps, path.text) ?? null;
        if (marked) return marked;
      }
      if (form.hidden) {
        tell(message);
        return area;
      }
      const content = [...form.children].find((child) => child.querySelector("legend")?.textContent === String(path.steps[0]));
      return content ? argumentProblem(content, message) : null;
    },
  };
}

/** A problem of an argument as a whole. @param {Element} fieldset @param {string} message @returns {HTMLElement} */
function argumentProblem(fieldset, message) {
  const problem = el("p", { class: "problem of-argument", tabindex: "-1" }, message);
  fieldset.querySelector(".of-argument")?.remove();
  fieldset.append(problem);
  return problem;
}
