import assert from "node:assert/strict";
import { test } from "node:test";
import { familyOf, read, seemingDtype, show } from "../../../runtime/scoredock/web/docs_page/cells.js";
import { compact, parse } from "../../../runtime/scoredock/web/docs_page/json.js";

test("dtypes of NumPy, pandas and Python have families", () => {
  const families = { int64: "integer", UInt8: "integer", int: "integer", float32: "number", float: "number", bool: "boolean", boolean: "boolean", "datetime64[ns]": "date", date: "date", str: "text", "<U12": "text", object: "any", category: "any" };
  for (const [dtype, family] of Object.entries(families)) assert.equal(familyOf(dtype), family, dtype);
  assert.equal(familyOf(null), "any");
});

test("cells mean values", () => {
  const cases = [
    ["7", "int64", "7"], ["9007199254740993", "int64", "9007199254740993"], ["+7", "int64", "7"], ["007", "int64", "7"],
    ["1.50", "float64", "1.50"], [".5", "float64", "0.5"], ["5.", "float64", "5"], ["-.5e3", "float64", "-0.5e3"], ["", "float64", "null"], ["NaN", "float64", '"NaN"'],
    ["TRUE", "bool", "true"], ["no", "bool", "false"], ["2024-05-31T12:00:00", "datetime64[ns]", '"2024-05-31T12:00:00"'], ["1717156800000", "datetime64[ns]", "1717156800000"],
    [" a ", "str", '" a "'], ["12", "str", '"12"'], ["12", "object", '"12"'], ["[1, 2]", "object", "[1, 2]"], ["", "object", "null"],
  ];
  for (const [text, dtype, json] of cases) {
    const { value, problem } = read(text, dtype);
    assert.equal(compact(value), json, `${text} as ${dtype}`);
    assert.equal(problem, null);
  }
});

test("what does not fit stays text and says what was expected", () => {
  for (const [text, dtype, words] of [["1.5", "int64", "an integer"], ["far", "float64", "a number"], ["maybe", "bool", "true or false"], ["soon", "datetime64[ns]", "a date"], ["", "int64", "an integer"], ["1,5", "float64", "a number"]]) {
    const { value, problem } = read(text, dtype);
    assert.equal(value, text === "" ? null : text);
    assert.ok(problem.startsWith(`expected ${words}`), problem);
  }
});

test("decimal commas are numbers where they may be", () => {
  assert.equal(read("1,5", "float64", { decimalComma: true }).value, 1.5);
  assert.ok(read("1,234,5", "float64", { decimalComma: true }).problem);
});

test("values are shown as they are typed", () => {
  assert.equal(show(parse("0.020")), "0.020");
  assert.equal(show(null), "");
  assert.equal(show([1, "a"]), '[1, "a"]');
  assert.equal(seemingDtype([1, null, 2]), "integer");
  assert.equal(seemingDtype([1, 2.5]), "number");
  assert.equal(seemingDtype(["a", null]), "str");
  assert.equal(seemingDtype([1, "a"]), "object");
});
