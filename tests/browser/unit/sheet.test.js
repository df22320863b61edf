import assert from "node:assert/strict";
import { test } from "node:test";
import { readSheet } from "../../../runtime/scoredock/web/docs_page/sheet.js";

const CASES = [
  ["a spreadsheet's block", "1\t2\r\n3\t4\r\n", [["1", "2"], ["3", "4"]]],
  ["comma-separated values", "1,2\n3,4", [["1", "2"], ["3", "4"]]],
  ["semicolons with decimal commas", "1,5;2\n3;4,25\n", [["1,5", "2"], ["3", "4,25"]]],
  ["quotes with separators, quotes and lines in them", 'a,"b, ""c""\nd",e', [["a", 'b, "c"\nd', "e"]]],
  ["tabs win over commas in quotes", '"a,b"\tc', [["a,b", "c"]]],
  ["empty cells", "1\t\t3\n\t\t", [["1", "", "3"], ["", "", ""]]],
  ["one cell", "hello", [["hello"]]],
  ["one number with a decimal comma", "0,5", [["0,5"]]],
  ["a column", "1\n2\n3\n", [["1"], ["2"], ["3"]]],
  ["an open quote", '"a', [["a"]]],
  ["nothing", "", [[""]]],
];

for (const [name, text, rows] of CASES) {
  test(name, () => assert.deepEqual(readSheet(text).rows, rows));
}

test("decimal commas are possible where commas separate nothing", () => {
  assert.equal(readSheet("1,5;2").decimalComma, true);
  assert.equal(readSheet("1,5\t2").decimalComma, true);
  assert.equal(readSheet("1,5,2").decimalComma, false);
});
