// What the service says of itself: name, workers, what run() takes, the model's files, links.

import { byId, el, size } from "./dom.js";
import { pretty } from "./json.js";

/** @param {any} service */
export function showService(service) {
  document.title = `${service.name || "scoredock"} · scoredock`;
  byId("name").textContent = service.name || service.script.name;
  byId("version").textContent = service.version ? `version ${service.version}` : "";
  byId("scoredock").textContent = `scoredock ${service.scoredock}`;
  byId("device").textContent = service.device ?? "";
  byId("device").hidden = !service.device;
  byId("workspace").textContent = service.workspace ?? "";
  byId("workspace").hidden = !service.workspace;
  byId("documentation").textContent = service.script.documentation ?? "";
  showWorkers(service.workers);
  showSignature(service);
  showModel(service.model);
  byId("links").replaceChildren(...service.links.filter((/** @type {any} */ link) => isLocal(link.href)).map((/** @type {any} */ link) =>
    el("li", {}, el("a", { href: link.href }, link.title))));
}

/** Links lead to this service alone. @param {string} href */
function isLocal(href) {
  return new URL(href, document.baseURI).origin === location.origin;
}

/** @param {{wanted: number, ready: number | null}} workers `ready` is null when nobody counts */
export function showWorkers({ wanted, ready }) {
  const pill = byId("workers");
  if (ready === null) return;
  const all = Math.max(wanted, ready);
  pill.hidden = false;
  pill.className = `pill ${ready >= all ? "up" : ready ? "some" : "down"}`;
  pill.textContent = ready === all ? `${ready} ${ready === 1 ? "worker" : "workers"} ready` : `${ready} of ${all} workers ready`;
}

const INPUT = {
  text: "run() gets the request's body as text.",
  raw: "run() gets the whole HTTP request, whatever its method and type.",
  schema: "run() gets these values of a JSON object:",
};

/** @param {any} service */
function showSignature({ script, arguments: expected, output }) {
  byId("input-words").textContent = /** @type {Record<string, string>} */ (INPUT)[script.kind] ?? "";
  byId("arguments").replaceChildren(...(script.kind === "schema" ? expected : []).flatMap(argumentWords));
  byId("output").hidden = !output?.words;
  byId("output-words").textContent = output?.words ?? "";
  if (output?.words && output.sample !== null && output.sample !== undefined) byId("output-words").after(sample(output.sample));
}

/** @param {any} argument @returns {HTMLElement[]} */
function argumentWords(argument) {
  const columns = argument.columns?.length
    ? el("ul", { class: "columns" }, ...argument.columns.slice(0, 60).map((/** @type {any} */ column) => el("li", {}, el("code", {}, column.name), " ", el("small", {}, column.dtype))),
        argument.columns.length > 60 ? el("li", {}, `and ${argument.columns.length - 60} more`) : null)
    : null;
  return [
    el("dt", {}, el("code", {}, argument.name), argument.required ? null : el("small", { class: "optional" }, "optional")),
    el("dd", {}, el("div", {}, ...wordLines(argument).map((line) => el("p", {}, line))), columns, argument.sample === null || argument.sample === undefined ? null : sample(argument.sample)),
  ];
}

/** An argument's words, those of the types inside it on lines of their own. @param {any} argument @returns {string[]} */
function wordLines({ name, words }) {
  if (!words) return ["any JSON value"];
  return words.split(/; (?=[^;]*: )/).map((/** @type {string} */ line) => (line.startsWith(`${name}.`) ? line.slice(name.length + 1) : line));
}

/** @param {any} value */
function sample(value) {
  const text = pretty(value, 46);
  return el("details", { class: "sample" }, el("summary", {}, "Sample"), el("pre", { tabindex: "0", "aria-label": "Sample" }, text.length > 4000 ? `${text.slice(0, 4000)}…` : text));
}

/** @param {any} model */
function showModel({ folder, models, files, omitted }) {
  const names = models?.length ? models.join(", ") : folder;
  byId("model-words").textContent = names ?? "No model folder is set (AZUREML_MODEL_DIR).";
  byId("files").replaceChildren(...files.map((/** @type {any} */ file) => el("tr", {}, el("td", {}, el("code", {}, file.path)), el("td", { class: "number" }, size(Number(file.bytes))))));
  byId("files-more").textContent = omitted ? `and ${omitted} more files` : "";
}
