// What shells make of these is seen in test_snippets.py, which runs them; here stands what cannot run everywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../../runtime/scoredock/web/docs_page/json.js";
import { LANGUAGES, curl, javascript, powershell, pythonRequests } from "../../../runtime/scoredock/web/docs_page/snippets.js";

const call = (json) => ({ method: "POST", url: "http://host/score?a=b&c='d'", contentType: "application/json", json: parse(json), text: json, key: true });

test("the key is a variable in every language", () => {
  for (const { write } of LANGUAGES) assert.match(write(call("{}")), /SCOREDOCK_KEY/);
  for (const { write } of LANGUAGES) assert.doesNotMatch(write({ ...call("{}"), key: false }), /SCOREDOCK_KEY|Authorization/);
});

test("a quote ends no string", () => {
  assert.ok(curl(call('{"a": "it\'s"}')).includes("'{\"a\": \"it'\\''s\"}'"));
  assert.ok(powershell(call('{"a": "it\'s ‘so’ $x"}')).includes("'{\"a\": \"it''s ‘‘so’’ $x\"}'"));
});

test("JavaScript is given text where its numbers would change", () => {
  assert.ok(javascript(call('{"id": 9007199254740993}')).includes(String.raw`"{\"id\": 9007199254740993}"`));
  assert.ok(javascript(call('{"id": 1}')).includes("JSON.stringify(body)"));
});

test("Python has its own words", () => {
  assert.ok(pythonRequests(call('{"a": [true, null, 1.0, "é"]}')).includes('body = {"a": [True, None, 1.0, "é"]}'));
});

test("files are named, and a name is no option", () => {
  const file = { method: "POST", url: "http://host/score", contentType: "image/png", key: false, file: { name: "-a 'b'.png", field: null } };
  assert.ok(curl(file).includes("--data-binary '@./-a '\\''b'\\''.png'"));
  assert.ok(curl({ ...file, file: { name: "a.png", field: "image" } }).includes("-F 'image=@\"a.png\"'"));
  assert.ok(powershell(file).includes("-InFile '-a ''b''.png'"));
});
