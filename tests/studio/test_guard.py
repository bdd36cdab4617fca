import asyncio
import logging
import tempfile

import pytest

from limner.studio.guard import Guard
from limner.studio.settings import Settings

from .client import (
    GONE,
    PLAIN,
    check_headers,
    grey,
    once,
    part,
    problem,
    raw,
    studio,
)

LAN = {"host": "0.0.0.0", "token": "secret"}
KEY = {"authorization": "Bearer secret"}


@pytest.fixture
def mine(hinted_model):
    return {"model": str(hinted_model)}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8017",
        "localhost:1",
        "LOCALHOST",
        "[::1]",
        "[::1]:8017",
        "draw.example",
        "draw.example:443",
        "other.example",
    ],
)
def test_hosts_of_this_server(host, mine):
    settings = mine | {"allowed_hosts": ("Draw.Example", "other.example:8443")}
    assert (
        once("GET", "/healthz", settings=settings, start=False, headers={"host": host}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:127.0.0.1",
        "[::1",
        "[::1]evil.example",
        "192.168.1.5",
        "0.0.0.0",
        "localhost@evil.example",
    ],
)
@pytest.mark.parametrize("path", ["/", "/v1/models", "/docs", "/metrics", "/nowhere"])
def test_other_hosts_are_refused(host, path, mine):
    refused = once("GET", path, settings=mine, start=False, headers={"host": host})
    assert "--allow-host" in problem(refused, 403, "forbidden")


def test_a_tablet_reaches_a_server_for_all_by_its_address_but_not_by_a_foreign_name(mine):
    async def test():
        async with studio(**LAN, **mine) as client:
            for host in ("192.168.1.5:8017", "[fe80::1]:8017", "10.0.0.1"):
                assert (await client.get("/healthz", headers={"host": host})).status_code == 200
            foreign = await client.get("/healthz", headers={"host": "rebound.example"})
            problem(foreign, 403, "forbidden")

    asyncio.run(test())


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://[::1"},
        {"origin": "http://127.0.0.1@evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1", "sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "PUT"])
def test_requests_from_other_pages_are_refused(headers, method, mine):
    refused = once(
        method, "/v1/photo", settings=mine, start=False, headers=headers, content=grey(9)
    )
    assert "other sites" in problem(refused, 403, "forbidden")
    assert not [name for name in refused.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_requests_from_its_own_page_are_served(headers, mine):
    served = once(
        "POST", "/v1/photo", settings=mine, params=PLAIN, headers=headers, content=grey(9)
    )
    assert served.status_code == 200
    check_headers(served)


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer wrong",
        b"secret",
        b"Basic secret",
        b"Bearer secret2",
        b"Bearer s\xc3\xa9cret",
        b"Bearer \xff\xfe",
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/photo", "/metrics", "/v1/nowhere"])
def test_without_the_token_nothing_is_told(header, path, mine):
    headers = {} if header is None else {"authorization": header}
    refused = once("GET", path, settings=mine | LAN, start=False, headers=headers)
    assert "Authorization: Bearer" in problem(refused, 401, "no-token")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "secret" not in refused.text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens(scheme, mine):
    headers = {"authorization": f"{scheme} secret"}
    for path in ("/v1/models", "/metrics"):
        assert once("GET", path, settings=mine | LAN, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/docs", "/openapi.json"])
def test_the_page_itself_needs_no_token(path, mine):
    # It reads the token from its address; a health check has none.
    assert once("GET", path, settings=mine | LAN).status_code == 200


def test_the_rate_is_limited_for_each_client_and_before_the_token(mine):
    async def test():
        async with studio(**mine, token="secret", rate=0.2) as client:
            first = [await client.get("/v1/models", headers=KEY) for _ in range(2)]
            assert [one.status_code for one in first] == [200, 200]
            for headers in (KEY, {"authorization": "Bearer guess"}):
                late = await client.get("/v1/models", headers=headers)
                assert "try again in" in problem(late, 429, "too-often")
                assert 1 <= int(late.headers["retry-after"]) <= 5
            assert (await client.get("/healthz")).status_code == 200

    asyncio.run(test())


def test_clients_that_are_forgotten_are_those_of_long_ago(monkeypatch):
    monkeypatch.setattr("limner.studio.guard._CLIENTS", 2)
    now = [100.0]
    monkeypatch.setattr("limner.studio.guard.time.monotonic", lambda: now[0])
    guard = Guard(None, settings=Settings(rate=1))
    for client in ("a", "b", "a", "c"):
        guard._check_rate(client)
    assert list(guard._rates) == ["a", "c"]
    assert guard._rates["a"][0] == 8
    now[0] += 1000
    guard._check_rate("a")
    assert guard._rates["a"][0] == 9  # no more than is allowed at once


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/healthz", 200),
        ("GET", "/docs", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/metrics", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/nowhere", 404),
        ("GET", "/assets/", 404),
        ("GET", "/assets/%2e%2e/%2e%2e/app.py", 404),
        ("GET", "/assets/..%2f..%2fapp.py", 404),
        ("GET", "/assets/%00", 404),
        ("GET", "/assets/" + "a" * 5000, 404),
        ("GET", "/v1/photo", 405),
        ("DELETE", "/v1/models", 405),
        ("POST", "/", 405),
        ("PATCH", "/assets/x", 405),
        ("POST", "/v1/photo", 422),
        ("POST", "/v1/photo?size=x", 400),
    ],
)
def test_every_answer_has_the_headers(method, path, status, mine):
    answered = once(method, path, settings=mine)
    check_headers(answered)
    if status >= 400:
        kinds = {404: "not-found", 405: "method", 400: "bad-request", 422: "bad-picture"}
        problem(answered, status, kinds[status])
    else:
        assert answered.status_code == status
    private = path.startswith(("/v1/", "/metrics"))
    assert (answered.headers.get("cache-control") == "no-store") == private


@pytest.mark.parametrize("path", ["/", "/healthz", "/docs", "/openapi.json", "/v1/models"])
def test_head_is_get_without_the_body(path, mine):
    head, get = (once(method, path, settings=mine) for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["content-type"] == get.headers["content-type"]
    assert once("HEAD", "/v1/photo", settings=mine).status_code == 405


def test_a_body_that_is_too_large_is_refused_as_soon_as_it_is_known(mine):
    async def test():
        async with studio(**mine, max_body=1000) as client:
            assert client.app is not None
            # Its length says so: nothing of it is read.
            sent = await raw(client.app, [], headers=[(b"content-length", b"1001")])
            assert sent[0]["status"] == 413
            # No length, as of chunks: what is read is counted.
            sent = await raw(client.app, [part(bytes(600), more=True), part(bytes(600), more=True)])
            assert sent[0]["status"] == 413
            exact = await client.post("/v1/photo", content=bytes(1000))
            assert "not a picture" in problem(exact, 422, "bad-picture")
            late = await client.post("/v1/photo", content=bytes(1001))
            assert "1,000 bytes" in problem(late, 413, "too-large")

    asyncio.run(test())


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_a_body_that_never_ends_is_given_up(kind, mine):
    async def test():
        async with studio(**mine, timeout=0.1) as client:
            headers = [(b"content-type", kind.encode())]
            start = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n1'
            sent = await raw(client.app, [part(start, more=True)], headers=headers)
            assert sent[0]["status"] == 408
            assert b"within 0.1 s" in sent[1]["body"]

    asyncio.run(test())


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_a_body_that_is_cut_off_is_no_error_of_the_server(kind, mine, caplog):
    async def test():
        async with studio(**mine) as client:
            headers = [(b"content-type", kind.encode())]
            assert not await raw(client.app, [part(b"--x\r\n", more=True), GONE], headers=headers)

    asyncio.run(test())
    assert not caplog.records


def test_the_bodies_of_all_requests_are_limited_together(mine):
    async def test():
        async with studio(**mine, max_bodies=1000) as client:
            go = asyncio.Event()

            async def wait():
                await go.wait()
                return part(b"")

            large = asyncio.create_task(raw(client.app, [part(bytes(900), more=True), wait()]))
            await asyncio.sleep(0.01)
            refused = await client.post("/v1/photo", content=bytes(200))
            assert "many large pictures" in problem(refused, 503, "overloaded")
            assert refused.headers["retry-after"] == "1"
            go.set()
            assert (await large)[0]["status"] == 422
            problem(await client.post("/v1/photo", content=bytes(200)), 422, "bad-picture")

    asyncio.run(test())


def test_a_failure_is_a_problem_and_its_log_quotes_nobody(mine, monkeypatch, caplog):
    async def test():
        async with studio(**mine, token="secret") as client:

            def fail(data, name):
                raise RuntimeError(data.decode())

            monkeypatch.setattr("limner.studio.service.images.header", fail)
            return await client.post(
                "/v1/photo", params=PLAIN | {"skin": "light"}, headers=KEY, content=b"private"
            )

    with caplog.at_level(logging.DEBUG):
        failed = asyncio.run(test())
    assert "its log" in problem(failed, 500, "internal")
    records = [record for record in caplog.records if not record.name.startswith("httpx")]
    logged = "".join(f"{record.getMessage()} {record.exc_info}" for record in records)
    assert "RuntimeError" in logged
    assert "service.py" in logged
    for private in ("private", "secret", "light", "skin"):
        assert private not in logged


def test_a_failure_after_the_answer_began_breaks_it_off():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("private")

    guard = Guard(app, settings=Settings())
    with pytest.raises(ConnectionAbortedError, match="broke off") as caught:
        asyncio.run(raw(guard, []))
    assert caught.value.__suppress_context__


def test_sockets_of_pages_are_closed():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(None, settings=Settings())({"type": "websocket"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_nothing_is_written_to_disk(mine, monkeypatch, tmp_path):
    def disk(*_, **__):
        raise AssertionError("a file on disk")

    monkeypatch.setattr(tempfile, "TemporaryFile", disk)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = bytes(3_000_000)  # more than frameworks keep in memory by default
    files = [("picture", ("a.png", large)), ("picture", ("b.png", grey(5)))]
    done = once("POST", "/v1/photo", settings=mine, params=PLAIN, files=files)
    assert done.status_code == 200
    assert not list(tmp_path.iterdir())
