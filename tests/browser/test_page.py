"""The page in a real browser on real servers: forms, errors at their fields, keys, safety, access, live charts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx
import pytest

from samples import SAMPLES
from servers import wait_until

SIZES = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}
TYPES = '''
    import datetime
    import numpy as np
    import pandas as pd
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
    from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as Standard
    from inference_schema.schema_decorators import input_schema

    EVIL = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>"
    frame = pd.DataFrame({"name": ["Ada"], EVIL: ["x"], "a.b: c": [1]})

    def init():
        pass

    @input_schema("table", PandasParameterType(frame))
    @input_schema("cube", NumpyParameterType(np.zeros((1, 2, 2))))
    @input_schema("vector", NumpyParameterType(np.array([1.5, 2.5])))
    @input_schema("count", Standard(3))
    @input_schema("words", Standard("some words"))
    @input_schema("sure", Standard(True))
    @input_schema("day", Standard(datetime.date(2024, 5, 31)))
    @input_schema("options", Standard({"deep": [1, 2]}))
    def run(table, cube, vector, count, words, sure, day, options=None):
        """<b>Tells</b> what came."""
        return {"table": table.to_dict("records"), "cube": cube.tolist(), "vector": vector.tolist(),
                "count": count, "words": words, "sure": sure, "day": str(day), "options": options, EVIL: EVIL}
'''
PANES = '#form [role=tab]:text-is("{}")'


@pytest.fixture
def diabetes(sample, open_docs):
    return open_docs(sample("sklearn-diabetes"))


def body_of(page) -> dict:
    """The request as the JSON view has it."""
    page.click(PANES.format("JSON"))
    text = page.input_value("#form textarea[aria-label*=body]")
    page.click(PANES.format("Form"))
    return json.loads(text)


def enter_key(watched, key: str):
    """Open the door; returns the page."""
    page = watched.page
    watched.allow("401")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    page.wait_for_selector("#page:not([hidden])")
    return page


def test_the_page_says_what_the_service_is(sample, diabetes):
    page = diabetes.page
    facts = sample("sklearn-diabetes").get("/docs/service.json").json()
    assert page.title() == "sklearn-diabetes · scoredock"
    assert page.inner_text("#version") == "version 3"
    assert page.inner_text("#device") == facts["device"]
    assert "an array of shape (*, 10)" in page.inner_text("#arguments")
    assert "sklearn_regression_model.pkl" in page.inner_text("#files")
    for link in page.locator("#links a").all():
        assert httpx.get(diabetes.origin + "/" + link.get_attribute("href")).json()["info"]


def test_a_bad_value_is_explained_at_its_cell(diabetes):
    page = diabetes.page
    cell = page.locator('input[aria-label="3, row 1"]')
    cell.fill("far")
    diabetes.send()
    diabetes.allow("400")
    assert diabetes.status == "400 Bad request"
    assert cell.get_attribute("aria-invalid") == "true"
    said = page.inner_text(f"#{cell.get_attribute('aria-describedby')}")
    assert said.startswith("3: expected") and "'far'" in said
    assert page.evaluate("document.activeElement.ariaLabel") == "3, row 1"
    cell.fill("0.5")
    diabetes.send()
    assert diabetes.status == "200 OK"
    assert cell.get_attribute("aria-invalid") is None


def test_a_bad_value_of_a_record_is_explained_at_its_column(sample, open_docs):
    watched = open_docs(sample("pandas-frame"))
    page = watched.page
    cell = page.locator('input[aria-label="distance_km, row 1"]')
    cell.fill("far")
    watched.send()
    watched.allow("400")
    assert cell.get_attribute("aria-invalid") == "true"
    assert "distance_km: " in page.inner_text("tr.problem")
    page.click(PANES.format("JSON"))
    watched.send()
    watched.allow("400")
    assert "Inputs.deliveries[0].distance_km" in page.inner_text("#form p.problem:visible")


def test_an_optional_argument_can_be_left_out(sample, open_docs):
    watched = open_docs(sample("pandas-frame"))
    page = watched.page
    assert set(body_of(page)) == {"Inputs", "GlobalParameters"}
    page.uncheck("fieldset:has(legend:text-is('GlobalParameters')) .about input")
    assert set(body_of(page)) == {"Inputs"}
    watched.send()
    assert watched.status == "200 OK"
    page.check("fieldset:has(legend:text-is('GlobalParameters')) .about input")
    assert body_of(page)["GlobalParameters"] == {"traffic": 1.0}


def test_json_and_table_are_in_sync(diabetes):
    page = diabetes.page
    page.fill('input[aria-label="0, row 1"]', "12345678901234567890")
    page.click(PANES.format("JSON"))
    area = page.locator("#form textarea:visible")
    assert "12345678901234567890" in area.input_value()
    rows = [[0.5] * 10, [1.0] * 10, [2] * 10]
    area.fill(json.dumps({"data": rows}))
    page.click(PANES.format("Form"))
    assert page.locator("#form tbody tr").count() == 3
    assert page.input_value('input[aria-label="9, row 3"]') == "2"
    page.click(PANES.format("JSON"))
    area.fill('{"data": [[1, 2,\n oops]]}')
    assert page.inner_text("#form p.problem:visible") == 'line 2, column 2: expected a value, got "o"'
    page.click("#send")
    assert page.locator("#history li").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    area.fill(json.dumps({"data": rows}))
    diabetes.send()
    assert len(diabetes.json_result()) == 3


def test_a_block_is_pasted_and_charted(diabetes):
    page = diabetes.page
    lines = ["\t".join(str(row + column / 10) for column in range(10)) for row in range(4)]
    diabetes.paste('input[aria-label="0, row 1"]', "\r\n".join(lines).replace(".", ",") + "\r\n")
    assert body_of(page)["data"] == [[row + column / 10 for column in range(10)] for row in range(4)]
    diabetes.send()
    assert page.locator("#result svg rect").count() == 4
    assert page.locator("#result svg desc").text_content().startswith("One bar a row: 0 ")
    page.click("#result [role=tab]:text-is('Table')")
    assert page.locator("#result tbody tr:visible").count() == 4
    page.click('button[aria-label="Remove row 2"]')
    assert len(body_of(page)["data"]) == 3


def test_pasted_headers_choose_their_columns(sample, open_docs):
    watched = open_docs(sample("pandas-frame"))
    watched.paste('input[aria-label="distance_km, row 1"]', 'stops,vehicle\n7,"a ""van"", old"\n8,bike\n')
    deliveries = body_of(watched.page)["Inputs"]["deliveries"]
    assert [(one["stops"], one["vehicle"], one["distance_km"]) for one in deliveries] == [
        (7, 'a "van", old', 4.2),
        (8, "bike", 4.2),
    ]


def test_history_brings_a_call_back(diabetes):
    page = diabetes.page
    page.fill('input[aria-label="0, row 1"]', "0.11")
    diabetes.send()
    first = diabetes.json_result()
    page.fill('input[aria-label="0, row 1"]', "0.22")
    diabetes.send()
    assert diabetes.json_result() != first
    page.click("#history li:nth-child(2) button")
    assert page.input_value('input[aria-label="0, row 1"]') == "0.11"
    assert diabetes.json_result() == first


def test_from_load_to_result_by_keys_alone(diabetes):
    page = diabetes.page
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent"))
        if seen[-1] == "0, row 1":
            break
    assert seen[0] == "Skip to the form" and seen[-1] == "0, row 1", seen
    page.keyboard.type("0.25")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "1, row 2"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.ariaLabel") == "1, row 1"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "send"
    page.keyboard.press("Enter")
    page.wait_for_selector("#result dl.summary")
    assert diabetes.status == "200 OK"
    assert page.inner_text("#announcer").startswith("200 OK. [")
    assert body_of(page)["data"][0][0] == 0.25
    page.focus('input[aria-label="0, row 1"]')
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#history li:nth-child(2)")
    page.focus("#result [role=tab][aria-selected=true]")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.textContent") == "JSON"
    assert page.is_visible("#result pre")


def test_a_large_sample_does_not_freeze(diabetes):
    page = diabetes.page
    page.click(PANES.format("JSON"))
    page.fill("#form textarea:visible", json.dumps({"data": [[0.5] * 10] * 10_000}))
    page.click(PANES.format("Form"))
    assert "of 10,000 are shown" in page.inner_text("#form .below")
    assert page.locator("#form input").count() <= 1500
    page.fill('input[aria-label="0, row 1"]', "1.5")
    diabetes.send()
    assert diabetes.status == "200 OK"
    page.click("#result [role=tab]:text-is('Table')")
    assert "500 of 10,000 rows" in page.inner_text("#result")
    assert len(diabetes.json_result()) == 10_000


def test_every_type_has_its_field_and_nothing_is_markup(serve, open_docs):
    watched = open_docs(serve(TYPES))
    page = watched.page
    evil = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>"
    page.fill("input[aria-label=words]", evil)
    page.fill("input[aria-label=count]", "9007199254740993")
    page.uncheck("input[aria-label=sure]")
    page.fill("input[aria-label=day]", "2025-01-02")
    page.fill("textarea[aria-label='cube as JSON']", "[[[1, 2], [3, 4]]]")
    page.fill('input[aria-label="value, row 2"]', "7.25")
    page.fill('input[aria-label="a.b: c, row 1"]', "41")
    watched.send()
    assert watched.status == "200 OK", page.inner_text("#result")
    assert "9007199254740993" in page.inner_text("#result")
    shown = watched.json_result()
    assert shown["words"] == shown[evil] == evil
    assert (shown["sure"], shown["day"], shown["vector"], shown["cube"]) == (
        False,
        "2025-01-02",
        [1.5, 7.25],
        [[[1, 2], [3, 4]]],
    )
    assert shown["table"] == [{"name": "Ada", evil: "x", "a.b: c": 41}]
    assert "<b>Tells</b>" in page.inner_text("#documentation")

    page.fill('input[aria-label="a.b: c, row 1"]', evil)
    watched.send()
    watched.allow("400")
    assert page.locator('input[aria-label="a.b: c, row 1"]').get_attribute("aria-invalid") == "true"
    page.fill('input[aria-label="a.b: c, row 1"]', "1")
    page.fill("input[aria-label=count]", "many")
    watched.send()
    watched.allow("400")
    assert "'many'" in page.inner_text("fieldset:has(> legend:text-is('count')) .problem")
    assert page.evaluate("document.activeElement.ariaLabel") == "count"
    assert page.evaluate("window.hurt") is None
    assert page.locator("main img, main script").count() == 0


def test_a_failing_script_and_a_stopped_call_are_told(serve, open_docs):
    script = """
        import time

        def init():
            pass

        def run(data):
            if data == "wait":
                time.sleep(60)
            raise ValueError("no")
    """
    watched = open_docs(serve(script))
    page = watched.page
    watched.send()
    watched.allow("500")
    assert watched.status == "500 Server error"
    assert "Check the logs" in page.inner_text("#result .message")
    page.fill("#form textarea", "wait")
    page.click("#send")
    page.wait_for_selector("#send:text-is('Stop')")
    page.click("#send")
    page.wait_for_selector("#result :text('Stopped before an answer came.')")
    watched.allow("ERR_ABORTED")
    assert page.inner_text("#send") == "Send"


def test_a_key_is_asked_for_and_kept_nowhere(serve, open_docs):
    key = "a-key-of-this-test-5e1f0c0ffee0badcafe"
    server = serve(SAMPLES / "echo" / "score.py", SCOREDOCK_PRIMARY_KEY=key)
    watched = open_docs(server, wait="#key-form:not([hidden])")
    page = watched.page
    watched.allow("401")
    assert page.evaluate("document.activeElement.id") == "key"
    assert page.get_attribute("#key", "type") == "password"
    assert page.get_attribute("#key", "autocomplete") == "off"
    page.fill("#key", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#key-problem:not(:empty)")
    watched.allow("401")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    page.wait_for_selector("#page:not([hidden])")
    page.fill("#form textarea", '{"a": 1}')
    watched.send()
    assert watched.json_result() == {"a": 1}
    page.wait_for_selector("#snippets code:has-text('$SCOREDOCK_KEY')")
    assert key not in page.content()
    assert key not in page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert not any(key in url for url in watched.asked)
    assert page.evaluate("[...document.querySelectorAll('input, textarea')].map(field => field.value)").count(key) == 0


def test_the_policy_holds(sample, open_docs):
    watched = open_docs(sample("echo"))
    page = watched.page
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.hurt = 1";
            document.body.append(script);
            const image = document.createElement("img");
            image.setAttribute("onerror", "window.hurt = 2");
            image.src = "data:image/png,none";
            document.body.append(image);
            return new Promise(done => image.addEventListener("error", () => done()));
        }"""
    )
    assert page.evaluate("window.hurt") is None
    assert len([one for one in watched.errors if "Content Security Policy" in one]) == 2
    blocked = page.evaluate("fetch('https://example.org/').then(() => 'reached', () => 'blocked')")
    assert blocked == "blocked"
    watched.allow("Content Security Policy", "example.org")
    watched.asked = [url for url in watched.asked if "example.org" not in url]


@pytest.mark.parametrize(
    ("name", "size"), [*(("pandas-frame", size) for size in SIZES), ("raw-image", "light"), ("raw-image", "dark")]
)
def test_axe_finds_nothing_serious(sample, open_docs, node_modules, name, size):
    watched = open_docs(sample(name), bypass_csp=True, **SIZES[size])
    page = watched.page
    if name == "pandas-frame":
        page.fill('input[aria-label="distance_km, row 1"]', "far")
        watched.send()
        watched.allow("400")
    page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")

    def serious() -> list:
        found = page.evaluate("axe.run()")["violations"]
        return [
            (one["id"], one["help"], [node["html"][:160] for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    assert serious() == []
    if name == "pandas-frame":
        page.fill('input[aria-label="distance_km, row 1"]', "3.5")
        watched.send()
        assert serious() == []


@pytest.mark.parametrize("name", ["sklearn-diabetes", "onnx-digits", "pandas-frame", "raw-image", "echo"])
def test_a_phone_scrolls_only_down(sample, open_docs, name):
    watched = open_docs(sample(name), **SIZES["phone"])
    page = watched.page
    watched.send()
    watched.allow("400", "500")
    for tab in page.locator("#snippets [role=tab]").all():
        tab.click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_live_charts_move_under_load(sample, open_docs):
    server = sample("echo")
    watched = open_docs(server)
    page = watched.page
    page.wait_for_selector("#charts figure")

    def moves() -> bool:
        for _ in range(20):
            server.post(content="1")
        rate = page.inner_text("#charts figure:first-child b")
        return rate not in ("\u2013", "0") and "ms" in page.inner_text("#charts figure:nth-child(2) b")

    wait_until(moves, 15, "the charts")
    assert page.get_attribute("#charts figure:first-child .line", "d").startswith("M")
    page.click("#live-numbers summary")
    page.wait_for_selector("#live-table tbody td")


def test_live_charts_are_asked_for_only_while_they_are_seen(sample, open_docs):
    watched = open_docs(sample("echo"))
    page = watched.page
    page.wait_for_selector("#charts figure")
    page.evaluate(
        """() => {
            Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    before = len(watched.asked)
    page.wait_for_timeout(2500)  # longer than a turn: nothing happens, and nothing tells of it
    assert len(watched.asked) == before
    page.evaluate("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(lambda: page.evaluate("1") and len(watched.asked) > before, 5, "a reading")


def test_without_metrics_there_are_no_charts(serve, open_docs):
    watched = open_docs(serve(SAMPLES / "echo" / "score.py", SCOREDOCK_METRICS="false"))
    watched.page.wait_for_selector("#live-note:has-text('Metrics are off')")
    watched.allow("404")
    assert not watched.page.is_visible("#charts")


ECHO = """
    from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as Standard
    from inference_schema.schema_decorators import input_schema

    def init():
        pass

    @input_schema("data", Standard({}))
    def run(data):
        return {"data": data}
"""
NASTY = (
    r"""{"data": {"quote": "it's", "b": "$HOME `id` \"x\" \\n ! %", """
    r""""é\u2028": ["😀", null, true, 9007199254740993, 1.0]}}"""
)


LANGUAGES = ("curl", "Python", "JavaScript")


def run_snippet(page, language: str, folder, **variables: str) -> str:
    """What the call in a language prints, run in a folder."""
    snippet = page.locator(f"#snippets code[data-language={language}]").text_content()
    command = {
        "curl": ["bash", "-c", snippet.replace("curl ", "curl -sS ", 1)],
        "Python": [sys.executable, "-c", snippet],
        "JavaScript": ["node", "--input-type=module", "-e", snippet],
    }[language]
    variables |= {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=folder, timeout=30)
    assert done.returncode == 0, f"{language}: {done.stderr}"
    return done.stdout


@pytest.mark.parametrize("kind", ["text", "schema"])
def test_snippets_make_the_same_call(serve, open_docs, tmp_path, kind):
    key = "a-key-of-this-test-5e1f0c0ffee0badcafe"
    script = ECHO if kind == "schema" else SAMPLES / "echo" / "score.py"
    page = enter_key(open_docs(serve(script, SCOREDOCK_PRIMARY_KEY=key), wait="#key-form:not([hidden])"), key)
    if kind == "schema":
        page.click(PANES.format("JSON"))
    page.fill("#form textarea:visible", NASTY)
    page.wait_for_selector("#snippets code:has-text('quote')")
    for language in LANGUAGES:
        assert json.loads(run_snippet(page, language, tmp_path, SCOREDOCK_KEY=key)) == json.loads(NASTY)


def test_a_long_body_is_saved_for_the_same_call(diabetes, tmp_path):
    page = diabetes.page
    assert not page.is_visible("#snippets-note a")
    page.click(PANES.format("JSON"))
    page.fill("#form textarea:visible", json.dumps({"data": [[0.5] * 10] * 1000}))
    with page.expect_download() as saved:
        page.click("#snippets-note a:text-is('Save request.json')")
    saved.value.save_as(tmp_path / saved.value.suggested_filename)
    for language in LANGUAGES:
        assert len(json.loads(run_snippet(page, language, tmp_path))) == 1000
    page.fill("#form textarea:visible", json.dumps({"data": [[0.5] * 10]}))
    page.wait_for_selector("#snippets-note a", state="detached")
