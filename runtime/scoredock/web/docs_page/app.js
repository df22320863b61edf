// The page's wiring: what the service says of itself makes the form; Send asks it, and shows what it answers.

import { score, read } from "./api.js";
import { byId, say } from "./dom.js";
import { makeForm } from "./form.js";
import { makeHistory } from "./history.js";
import { compact } from "./json.js";
import { askForKey, forgetKey } from "./key.js";
import { startLive } from "./live.js";
import { showAnswer, showFailure } from "./result.js";
import { makeSameCall } from "./same_call.js";
import { showService, showWorkers } from "./service.js";

/** @type {any} */
let service = null;
/** @type {import("./form.js").Form} */
let form;
/** @type {AbortController | null} */
let sending = null;

const sameCall = makeSameCall();
const history = makeHistory((entry) => {
  form.restore(entry.state);
  byId("result").replaceChildren(entry.result);
  drawSameCall();
  say("The request and its answer are back");
  byId("send").focus();
});

/** Load the page's data. Returns what is wrong with the key, or null. @returns {Promise<string | null>} */
async function load() {
  const { status, value } = await read("docs/service.json");
  if (status === 401) return value?.message ?? "The service wants a key.";
  if (status !== 200 || !value) throw new Error(value?.message ?? `The service answers ${status}.`);
  service = value;
  showService(service);
  form = makeForm(service);
  byId("form").replaceChildren(form.element);
  byId("page").hidden = false;
  byId("loading").hidden = true;
  byId("key-badge").hidden = service.access === "open";
  drawSameCall();
  byId("form").addEventListener("input", later);
  byId("form").addEventListener("click", later);
  startLive((reading) => showWorkers({ wanted: Number(service.workers.wanted), ready: reading.workers_ready }));
  return null;
}

async function start() {
  try {
    const refused = await load();
    if (refused === null) return;
    byId("loading").hidden = true;
    askForKey("", async () => {
      try {
        return await load();
      } catch (error) {
        return String(/** @type {Error} */ (error).message);
      }
    });
  } catch (error) {
    byId("loading").textContent = `The service's description did not come. ${/** @type {Error} */ (error).message}`;
    byId("loading").className = "message";
  }
}

async function send() {
  if (sending) {
    sending.abort();
    return;
  }
  form.clear();
  document.querySelectorAll(".of-argument").forEach((problem) => problem.remove());
  const draft = form.request();
  if (!draft) {
    say("The JSON has to be put right first");
    return;
  }
  const [at, started, state] = [new Date(), performance.now(), form.state()];
  sending = new AbortController();
  busy(true);
  let status = null;
  let shown;
  let ms = 0;
  try {
    /** @type {Record<string, string>} */
    const headers = draft.contentType ? { "Content-Type": draft.contentType } : {};
    const answer = await score({ method: draft.method, query: draft.query, headers, body: draft.body }, sending.signal);
    [status, ms] = [answer.status, answer.totalMs];
    shown = await showAnswer(answer);
  } catch (error) {
    ms = performance.now() - started;
    shown = showFailure(sending.signal.aborted ? "Stopped before an answer came." : `No answer came: ${/** @type {Error} */ (error).message}`);
  }
  sending = null;
  busy(false);
  byId("result").replaceChildren(shown.element);
  say(shown.spoken);
  history.add({ at, status, ms, what: describe(draft), state, result: shown.element });
  if (status === 401) keyRefused(shown.message);
  else if (shown.message) (form.mark(shown.message) ?? byId("result")).focus();
}

/** @param {string | null} message */
function keyRefused(message) {
  forgetKey();
  askForKey(message ?? "The service wants a key.", async () => {
    const { status, value } = await read("docs/service.json");
    return status === 200 ? null : (value?.message ?? `The service answers ${status}.`);
  });
}

/** @param {boolean} now */
function busy(now) {
  byId("send").textContent = now ? "Stop" : "Send";
  byId("send").classList.toggle("stop", now);
  byId("result").setAttribute("aria-busy", String(now));
}

/** A request in a few words, for the list of calls. @param {import("./form.js").Draft} draft */
function describe(draft) {
  if (draft.file) return `${draft.method} ${draft.file.name}`;
  const text = draft.json === undefined ? (draft.text ?? draft.query ?? "") : compact(draft.json);
  return `${draft.method} ${text.slice(0, 120)}`;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** The same call follows the form, not every key. */
function later() {
  clearTimeout(timer);
  timer = setTimeout(drawSameCall, 150);
}

function drawSameCall() {
  const draft = isBroken() ? null : form.request();
  if (draft) sameCall.show(draft, service.access !== "open");
}

/** Whether the JSON view holds no JSON at the moment. */
function isBroken() {
  return document.querySelector('#form [role="tabpanel"]:not([hidden]) > textarea[aria-invalid="true"]') !== null;
}

byId("send").addEventListener("click", send);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || byId("page").hidden || sending) return;
  event.preventDefault();
  send();
});
start();
