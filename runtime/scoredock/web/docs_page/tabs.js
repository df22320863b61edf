// Tabs by the ARIA pattern: one stop for the Tab key, arrows move between them.

import { el, freshId } from "./dom.js";

/**
 * A row of tabs with their panels, the first shown.
 * @param {string} label @param {{name: string, panel: HTMLElement, shown?: () => void}[]} tabs
 * @returns {{element: HTMLElement, select: (name: string) => void}}
 */
export function tabbed(label, tabs) {
  const list = el("div", { role: "tablist", "aria-label": label, class: "tabs", onkeydown: move });
  const buttons = tabs.map(({ name, panel }) => {
    const id = freshId("tab");
    panel.id ||= freshId("panel");
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", id);
    return el("button", { type: "button", role: "tab", id, "aria-controls": panel.id, onclick: () => select(name) }, name);
  });
  list.append(...buttons);
  const element = el("div", { class: "tabbed" }, list, ...tabs.map((tab) => tab.panel));

  /** @param {string} name */
  function select(name) {
    tabs.forEach((tab, place) => {
      const chosen = tab.name === name;
      buttons[place].setAttribute("aria-selected", String(chosen));
      buttons[place].tabIndex = chosen ? 0 : -1;
      tab.panel.hidden = !chosen;
      if (chosen) tab.shown?.();
    });
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const at = buttons.indexOf(/** @type {any} */ (event.target));
    const last = tabs.length - 1;
    const places = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last };
    const next = /** @type {Record<string, number>} */ (places)[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    select(tabs[next].name);
    buttons[next].focus();
  }

  if (tabs.length) select(tabs[0].name);
  return { element, select };
}
