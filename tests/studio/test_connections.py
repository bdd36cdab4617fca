"""Connections that say nothing, say it wrong or do not listen."""

import asyncio
import contextlib
import json
import time

import pytest

from limner.studio import connections

from .client import dial, grey, hear, hold, listening, say, until

GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def post(body, *, length=None, path=b"/v1/photo?as_is=true&clean=off", more=b""):
    length = len(body) if length is None else length
    head = (
        b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n"
    )
    return head % (path, more, length) + body


@pytest.fixture
def served(hinted_model):
    """Run a test beside a server: a function of the port, in a thread, and the application."""

    def run(test, **settings):
        async def running():
            async with listening(model=str(hinted_model), **settings) as (port, app):
                return await test(port, app)

        return asyncio.run(running())

    return run


@pytest.fixture
def dialled():
    """Dial so many times; in the end all is hung up."""
    with contextlib.ExitStack() as stack:
        yield lambda port, count: [stack.enter_context(dial(port)) for _ in range(count)]


def in_thread(function):
    async def test(port, app):
        return await asyncio.to_thread(function, port)

    return test


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("said", [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"])
def test_a_connection_that_says_nothing_is_closed(said, served):
    def talk(port):
        begun = time.perf_counter()
        with dial(port) as connection:
            assert say(connection, said) == b""
        return time.perf_counter() - begun

    assert 0.15 < served(in_thread(talk), silence=0.2) < 5


def test_a_kept_connection_that_says_half_a_request_is_closed(served, monkeypatch):
    monkeypatch.setattr(connections, "KEEP_ALIVE", 0.2)

    def talk(port):
        with dial(port) as connection:
            answer = say(connection, GET + GET + b"GET /hea")
            assert answer.count(b"HTTP/1.1 200 OK") == 2

    served(in_thread(talk), silence=5)


def test_silent_connections_make_room_for_others(served, dialled, monkeypatch):
    monkeypatch.setattr(connections, "_GRACE", 60)
    monkeypatch.setattr(connections, "_SPARE", 200)

    def talk(port):
        silent = dialled(port, 200)
        with dial(port) as connection:  # they may be about to say something
            assert status_of(say(connection, LAST)) == 503
        monkeypatch.setattr(connections, "_GRACE", 0)
        begun = time.perf_counter()
        for _ in range(5):
            with dial(port) as connection:
                answer = say(connection, LAST)
                assert status_of(answer) == 200
        assert time.perf_counter() - begun < 5
        assert hear(silent[0]) == b""  # the first to come are the first to go
        assert status_of(say(silent[19], LAST)) == 200
        assert status_of(say(silent[150], LAST)) == 503

    served(in_thread(talk), silence=9, connections=20)


def test_connections_far_beyond_the_limit_are_closed_without_a_word(served, dialled, monkeypatch):
    monkeypatch.setattr(connections, "_SPARE", 5)

    def talk(port):
        silent = dialled(port, 10)
        assert hear(silent[-1]) == b""
        assert status_of(say(silent[6], LAST)) == 503

    served(in_thread(talk), silence=9, connections=3)


def test_when_all_are_at_work_a_further_connection_is_told_so(served, monkeypatch):
    async def test(port, app):
        held = hold(app.state.service, monkeypatch)
        busy = []
        for _ in range(2):
            connection = dial(port)
            connection.sendall(post(grey(9)))
            busy.append(connection)
        await until(lambda: held.calls)

        def refused():
            with dial(port) as connection:
                return say(connection, GET)

        answer = await asyncio.to_thread(refused)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert status_of(answer) == 503
        assert b"application/problem+json" in head
        assert b"content-security-policy" in head
        assert b"retry-after: 1" in head
        assert json.loads(body)["type"] == "overloaded"
        held.go.set()
        for connection in busy:
            assert status_of(await asyncio.to_thread(hear, connection)) == 200
            connection.close()

    served(test, connections=2, silence=0.3)


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        post(b"", length=-1),
        b"POST /v1/photo HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused_with_the_headers_of_all_answers(said, served, caplog):
    def talk(port):
        with dial(port) as connection:
            return say(connection, said)

    answer = served(in_thread(talk), silence=0.3)
    head, _, body = answer.partition(b"\r\n\r\n")
    if answer:  # a record of TLS is waited for in vain
        assert status_of(answer) == 400
        assert json.loads(body)["type"] == "bad-request"
        assert b"content-security-policy" in head
        assert b"application/problem+json" in head
    assert not [record for record in caplog.records if record.exc_info]
    assert "zz" not in caplog.text


def test_a_request_that_is_cut_off_is_no_error_of_the_server(served, caplog):
    async def test(port, app):
        with dial(port) as connection:
            connection.sendall(post(grey(9)[:50], length=5000))
        chunked = post(b"", more=b"Transfer-Encoding: chunked\r\n")
        chunked = chunked.replace(b"Content-Length: 0\r\n", b"")
        with dial(port) as connection:
            connection.sendall(chunked + b"5\r\nabc")
        await asyncio.sleep(0.1)

        def alive():
            with dial(port) as connection:
                return say(connection, LAST)

        assert status_of(await asyncio.to_thread(alive)) == 200

    served(test)
    assert not caplog.records


def test_a_client_that_does_not_read_its_answer_is_left():
    left = asyncio.Event()

    async def generous(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(30_000_000), "more_body": True})
        await receive()  # the connection, which was closed
        left.set()

    async def test():
        async with listening(generous, timeout=0.2) as (port, _):
            with dial(port) as connection:
                connection.sendall(GET)
                await asyncio.wait_for(left.wait(), 5)

    asyncio.run(test())


def test_a_body_of_which_too_much_is_announced_is_not_waited_for(served):
    def talk(port):
        with dial(port) as connection:
            connection.sendall(post(b"1", length=40_000_000))
            return connection.recv(65536)

    assert status_of(served(in_thread(talk))) == 413


def test_curl_is_told_before_it_sends_too_much(served):
    def talk(port):
        with dial(port) as connection:
            connection.sendall(post(b"", length=40_000_000, more=b"Expect: 100-continue\r\n"))
            return connection.recv(65536)

    assert status_of(served(in_thread(talk))) == 413


def test_requests_in_a_row_are_answered_in_order(served):
    def talk(port):
        with dial(port) as connection:
            photo = post(grey(9)).replace(b"Connection: close\r\n", b"")
            return say(connection, GET + photo + LAST)

    answer = served(in_thread(talk))
    kinds = [line for line in answer.split(b"\r\n") if line.startswith(b"content-type")]
    assert kinds == [b"content-type: application/json", b"content-type: image/png", *kinds[:1]]


def test_behind_a_proxy_each_client_has_its_own_rate(served):
    def ask(port, client):
        with dial(port) as connection:
            head = b"X-Forwarded-For: %s\r\n" % client
            return status_of(say(connection, post(b"", more=head)))

    def talk(port):
        return [ask(port, client) for client in (b"10.0.0.1", b"10.0.0.1", b"10.0.0.2")]

    assert served(in_thread(talk), rate=0.01) == [422, 429, 422]
