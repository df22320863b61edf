// The form's request in other words; a body too long to read is a file, which is offered to be saved.

import { scoreAddress } from "./api.js";
import { byId, copyButton, el } from "./dom.js";
import { LANGUAGES } from "./snippets.js";
import { tabbed } from "./tabs.js";

const TOO_LONG = 20_000; // characters

/** The tabs of all languages. `show` writes a request, and whether it needs a key, into them. */
export function makeSameCall() {
  const code = LANGUAGES.map(({ name }) => el("code", { "data-language": name }));
  const panels = LANGUAGES.map(({ name }, place) => ({
    name,
    panel: el("div", { class: "snippet" }, el("pre", { tabindex: "0", "aria-label": `The call in ${name}` }, code[place]), copyButton(`Copy the call in ${name}`, () => code[place].textContent ?? "")),
  }));
  byId("snippets").append(tabbed("The same call in", panels).element);
  let address = "";

  /** Offer a text as a file, in place of the one before. @param {string} name @param {string} text */
  function offer(name, text) {
    address = URL.createObjectURL(new Blob([text]));
    byId("snippets-note").replaceChildren("The body is long; the call reads it from a file. ", el("a", { href: address, download: name }, `Save ${name}`));
  }

  return {
    /** @param {import("./form.js").Draft} draft @param {boolean} key */
    show(draft, key) {
      const { text = "", query } = draft;
      const file = text.length > TOO_LONG ? { name: /json/.test(draft.contentType ?? "") ? "request.json" : "request.txt", field: null } : null;
      const body = file ? { text: undefined, json: undefined, file } : {};
      LANGUAGES.forEach(({ write }, place) => (code[place].textContent = write({ ...draft, ...body, url: scoreAddress(query), key })));
      URL.revokeObjectURL(address);
      byId("snippets-note").replaceChildren();
      if (file) offer(file.name, text);
    },
  };
}
