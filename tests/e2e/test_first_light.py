"""The thinnest real path: a script, a process, a request, an answer."""


def test_an_undecorated_script_answers(serve):
    server = serve("""
        def init():
            global greeting
            greeting = "hello "

        def run(data):
            return greeting + data
    """)
    assert server.get("/").text == "Healthy"
    assert server.post(content="you").json() == "hello you"
    assert server.end() == 0
