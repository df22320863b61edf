"""Developing a script: reload and debugging."""

from __future__ import annotations

import socket

from servers import free_port, wait_until

ANSWERS = "def init():\n    pass\n\ndef run(data):\n    return {answer!r}\n"


def test_reload_serves_the_changed_script_without_a_gap(serve, write_script):
    path = write_script(ANSWERS.format(answer="first"))
    server = serve(path, "--reload")
    assert server.post(content="x").json() == "first"
    write_script(ANSWERS.format(answer="second"))
    wait_until(lambda: server.post(content="x").json() == "second")


def test_reload_survives_a_broken_script_and_keeps_the_old_one(serve, write_script):
    path = write_script(ANSWERS.format(answer="first"))
    server = serve(path, "--reload")
    write_script("def init(:\n")
    wait_until(lambda: "Waiting for a change" in server.output)
    assert "SyntaxError" in server.output
    assert server.post(content="x").json() == "first"
    write_script(ANSWERS.format(answer="mended"))
    wait_until(lambda: server.post(content="x").json() == "mended")
    assert server.end() == 0


def test_reload_starts_with_a_broken_script_and_says_so(serve, write_script):
    path = write_script("import no_such_module\n")
    server = serve(path, "--reload", wait=False)
    wait_until(lambda: "Waiting for a change" in server.output)
    assert server.get("/readyz").json()["phase"] == "failed"
    write_script(ANSWERS.format(answer="mended"))
    server.wait_until_ready()
    assert server.post(content="x").json() == "mended"


def test_reload_follows_files_beside_the_script(serve, write_script):
    write_script("ANSWER = 'first'\n", "values.py")
    path = write_script("import values\n\ndef init():\n    pass\n\ndef run(data):\n    return values.ANSWER\n")
    server = serve(path, "--reload")
    assert server.post(content="x").json() == "first"
    write_script("ANSWER = 'second one'\n", "values.py")
    wait_until(lambda: server.post(content="x").json() == "second one")


def test_the_debug_port_connects_to_a_listening_debugger(serve):
    with socket.create_server(("127.0.0.1", 0)) as ide:
        ide.settimeout(30)
        server = serve(ANSWERS.format(answer="x"), wait=False, AZUREML_DEBUG_PORT=str(ide.getsockname()[1]))
        connection, _ = ide.accept()
        connection.close()
        assert "is ready" not in server.output


def test_without_a_debugger_the_debug_port_is_explained(serve):
    server = serve(ANSWERS.format(answer="x"), wait=False, AZUREML_DEBUG_PORT=str(free_port()))
    assert server.process.wait(60) == 3
    assert "AZUREML_DEBUG_PORT: no debugger listens" in server.last_line
