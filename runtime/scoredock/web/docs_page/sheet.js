// A block of cells as spreadsheets and CSV files give it: tabs, commas or semicolons between, quotes around.

/** The separator of a text: a tab if there is one outside quotes, else what its first line has most of. @param {string} text @returns {string} */
function separatorOf(text) {
  const bare = text.replace(/"(?:[^"]|"")*"/g, "");
  if (bare.includes("\t")) return "\t";
  const line = bare.split(/\r?\n/, 1)[0];
  if (line.includes(";")) return ";";
  // 0,5 alone is a number with a decimal comma, not two cells
  return line.includes(",") && !/^\s*-?\d+,\d+\s*$/.test(bare) ? "," : "\t";
}

/**
 * The rows of cells in a pasted text, and whether its numbers may have decimal commas.
 * @param {string} text @returns {{rows: string[][], decimalComma: boolean}}
 */
export function readSheet(text) {
  const separator = separatorOf(text);
  /** @type {string[][]} */
  const rows = [[]];
  let at = 0;
  while (at <= text.length) {
    let cell = "";
    if (text[at] === '"') {
      const quoted = /"((?:[^"]|"")*)"?/y;
      quoted.lastIndex = at;
      const found = /** @type {RegExpExecArray} */ (quoted.exec(text));
      cell = found[1].replaceAll('""', '"');
      at += found[0].length;
    }
    const from = at;
    while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at += 1;
    rows[rows.length - 1].push(cell + text.slice(from, at));
    if (at >= text.length) break;
    if (text[at] === separator) at += 1;
    else {
      at += text.startsWith("\r\n", at) ? 2 : 1;
      if (at >= text.length) break;
      rows.push([]);
    }
  }
  return { rows, decimalComma: separator !== "," };
}
