"""Every sample's page opens in a real browser, sends its sample and shows what comes back."""

from __future__ import annotations

import json

import pytest

from samples import NAMES, SAMPLES


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_sent_and_its_result_seen(sample, open_docs, name):
    server = sample(name)
    watched = open_docs(server)
    page = watched.page
    assert page.inner_text("#name") == name
    assert "ready" in page.inner_text("#workers")
    if name == "raw-image":
        page.set_input_files("#form input[type=file]", SAMPLES / name / "digit.pgm")
        assert page.locator(".raw .pair:has(label:text-is('Content type')) input").input_value().startswith("image/")
    elif page.locator("#form textarea:visible").count() and name in ("echo", "text-sentiment"):
        page.fill("#form textarea", (SAMPLES / name / "request.json").read_text())
    watched.send()
    assert watched.status == "200 OK"
    shown = watched.json_result()
    if name == "echo":
        assert shown == json.loads((SAMPLES / name / "request.json").read_text())
    elif name == "raw-image":
        assert shown["digit"] == 7
    elif name == "text-sentiment":
        assert shown["label"] == "POSITIVE"
    else:
        body = server.get("/docs/service.json").json()["body"]
        assert shown == server.post(json=body).json()


def test_an_image_is_dropped_previewed_and_scored(sample, open_docs):
    watched = open_docs(sample("raw-image"))
    page = watched.page
    drop = """([name, type, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name, {type}));
        const event = new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true});
        document.querySelector(".drop").dispatchEvent(event);
    }"""
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360f8ffff3f0005fe02fea735814e0000000049454e44ae426082"
    )
    page.evaluate(drop, ["<img onerror=alert(1)>.png", "image/png", list(pixel)])
    page.wait_for_selector(".drop img:visible")
    assert "<img onerror=alert(1)>.png" in page.inner_text(".drop")

    page.evaluate(drop, ["digit.pgm", "", list((SAMPLES / "raw-image" / "digit.pgm").read_bytes())])
    page.wait_for_selector(".drop label:has-text('digit.pgm')")
    page.wait_for_selector("#snippets code:has-text('@digit.pgm')")
    watched.send()
    assert watched.json_result()["digit"] == 7

    page.fill(".pair:has(label:text-is('Form field')) input", "image")
    watched.send()
    assert watched.json_result()["digit"] == 7

    page.fill(".pair:has(label:text-is('Form field')) input", "picture")
    watched.send()
    watched.allow("400")
    assert "got ['picture']" in page.inner_text("#result .message")


def test_a_raw_script_is_asked_with_get(sample, open_docs):
    watched = open_docs(sample("raw-image"))
    watched.page.select_option("#form select", "GET")
    assert not watched.page.is_visible(".drop")
    watched.send()
    assert "PGM" in watched.json_result()["post"]
