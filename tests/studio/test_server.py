"""`limner studio` as a process."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn

from limner.studio.connections import protocol_of
from limner.studio.server import _terminable, address_of, listen
from limner.studio.settings import Settings

from .client import AS_IS, PLAIN, dial, grey, lightness, say
from .conftest import Server


def limner(*arguments, **more):
    command = [sys.executable, "-m", "limner", "studio", "--no-open", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, **more)


@pytest.fixture(scope="module")
def running(hinted_model):
    server = Server("--model", str(hinted_model))
    yield server
    if server.process.poll() is None:
        server.stop()


def test_a_photo_from_a_process(running):
    done = httpx.post(f"{running.address}v1/photo", params=PLAIN, content=grey(77))
    assert lightness(done.content) == 77
    assert "server" not in done.headers
    assert done.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_port_that_is_taken_is_a_usage_error(running, hinted_model):
    done = limner("--port", running.port, "--model", hinted_model)
    assert done.returncode == 2
    assert f"127.0.0.1, port {running.port} is in use" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--host", "0.0.0.0"], 2, "give them a key with --token"),
        (["--host", "203.0.113.9", "--open-to-all"], 2, "cannot listen on 203.0.113.9"),
        (["--host", "no such host", "--open-to-all"], 2, "cannot listen on no such host"),
        (["--token", "two words"], 2, "printable ASCII"),
        (["--model", "nowhere"], 1, "there is no model 'nowhere'"),
        (["--better", "nowhere"], 1, "there is no model 'nowhere'"),
        (["--better", "portrait"], 2, "the name of the default one, 'portrait'"),
        (["--better", "draughtsman"], 2, "name one that is sketch-to-photo, such as portrait"),
        (["--port", "65536"], 2, "65535"),
        (["--rate", "nan"], 2, "rate"),
    ],
)
def test_wrong_options(arguments, code, said):
    done = limner("--port", "0", *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_model_ends_it(tmp_path):
    (tmp_path / "damaged.onnx").write_bytes(b"nothing")
    done = limner("--port", "0", "--model", tmp_path / "damaged.onnx")
    assert done.returncode == 1
    assert "damaged.onnx is damaged or not an ONNX model" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_what_was_begun_is_finished_and_nothing_private_is_logged(told, hinted_model, tmp_path):
    environment = {**os.environ, "LIMNER_TOKEN": "top-secret-key", "TMPDIR": str(tmp_path)}
    before = os.environ.copy()
    os.environ.update(environment)
    try:
        server = Server("--model", str(hinted_model), "--rate", "50")
    finally:
        os.environ.clear()
        os.environ.update(before)
    address = server.address.partition("#")[0]
    assert server.address.endswith("/#token=top-secret-key")
    key = {"authorization": "Bearer top-secret-key"}
    with httpx.Client(base_url=address, headers=key) as client:
        assert client.get("/v1/models", headers={"authorization": ""}).status_code == 401
        params = AS_IS | {"hair": "dark brown", "variants": "2"}
        files = [("picture", ("private-name.png", grey(9)))] * 2
        assert client.post("/v1/photo", params=params, files=files).status_code == 200
        assert client.post("/v1/photo?private-query=1", content=b"x").status_code == 400
        assert client.post("/v1/photo", content=b"private-pixels").status_code == 422
    with dial(server.port) as broken:
        assert b" 400 " in say(broken, b"private-nonsense\r\n\r\n")

    # Eight large photos take longer than the signal to arrive.
    body = grey(9)
    with ThreadPoolExecutor(1) as threads:
        large = AS_IS | {"variants": "8", "size": "1000"}
        begun = threads.submit(
            httpx.post, f"{address}v1/photo", params=large, content=body, headers=key, timeout=20
        )
        counts = f"{address}metrics"
        for _ in range(500):
            if "limner_requests_now 1.0" in httpx.get(counts, headers=key).text:
                break
            time.sleep(0.01)
        server.process.send_signal(told)
        assert begun.result().status_code == 200
    assert server.process.wait(15) == 0
    said = server.process.stdout.read()
    server.process.stdout.close()
    for private in ("private", "secret", "brown", "hair", "GET", "POST", "127.0.0.1"):
        assert private not in said, said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_it_stops_in_spite_of_silent_connections(running):
    silent = [dial(running.port) for _ in range(3)]
    begun = time.perf_counter()
    assert running.stop() == 0
    assert time.perf_counter() - begun < 5
    assert "Traceback" not in running.said
    for connection in silent:
        connection.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.address)


@pytest.mark.parametrize("turns", [0, 2, 3, 4])  # after one, asyncio itself drops it
def test_it_stops_in_spite_of_a_connection_that_is_being_accepted(turns):
    """Asyncio's loop turns a few times between accepting a connection and beginning it."""

    async def app(scope, receive, send):
        raise AssertionError

    async def running():
        settings = Settings(port=0)
        protocol = protocol_of(settings, stopping=lambda: server.should_exit)
        config = uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_level="warning")
        server = uvicorn.Server(config)
        listener = listen(settings)
        port = listener.getsockname()[1]
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup([listener])
        with dial(port):
            for _ in range(turns):
                await asyncio.sleep(0)
            server.should_exit = True
            await asyncio.wait_for(server.shutdown([listener]), 5)

    asyncio.run(running())


def test_services_are_stopped_by_another_signal(hinted_model):
    server = Server("--model", str(hinted_model))  # whose model is still being loaded
    server.process.terminate()
    assert server.process.wait(15) == 0
    assert "Traceback" not in server.process.stdout.read()
    server.process.stdout.close()


def test_a_signal_before_there_is_a_server_stops_it_too():
    server = uvicorn.Server(uvicorn.Config(lambda: None))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), _terminable(server):
        signal.raise_signal(signal.SIGTERM)
    with _terminable(server):
        server.should_exit = True
        signal.raise_signal(signal.SIGTERM)  # as uvicorn does in the end
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("host", "token", "address"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:{}/"),
        ("0.0.0.0", "k", "http://127.0.0.1:{}/#token=k"),
        ("::1", "", "http://[::1]:{}/"),
        ("::", "k", "http://[::1]:{}/#token=k"),
    ],
)
def test_the_address_that_is_printed(host, token, address):
    if ":" in host and not socket.has_ipv6:
        pytest.skip("no IPv6")
    settings = Settings(host=host, port=0, token=token)
    with listen(settings) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener, settings) == address.format(port)
        outside = address_of(listener, settings, "192.168.1.5")
        assert outside.startswith(f"http://192.168.1.5:{port}/")


def test_answers_do_not_wait_to_be_acknowledged():
    with listen(Settings(port=0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # asyncio sets TCP_NODELAY for no other
