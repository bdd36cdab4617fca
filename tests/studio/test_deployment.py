"""The same server in a container and on a Ray cluster."""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from limner.errors import EngineError, UsageError
from limner.studio.settings import Settings

ROOT = Path(__file__).parents[2]
DRAWING = (ROOT / "examples" / "man-short-hair.png").read_bytes()
PORT = 18471


def ask(path, data=None, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, headers)
    if data is not None:
        request.add_header("Content-Type", "image/png")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def command(instruction):
    """The command of an instruction of the container file, run by this interpreter."""
    text = (ROOT / "Containerfile").read_text().replace("\\\n", "")
    words = json.loads(re.search(rf"^{instruction}.*?(\[.*\])$", text, re.MULTILINE)[1])
    program = Path(words[0]).name
    ours = {"python": [sys.executable], "limner": [sys.executable, "-m", "limner"]}
    return [*ours[program], *(word.replace("8017", str(PORT)) for word in words[1:])]


def test_the_commands_of_the_container_run():
    environment = os.environ | {"LIMNER_TOKEN": "a-key"}
    server = subprocess.Popen(
        [*command("ENTRYPOINT"), "--port", str(PORT)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "http://" in server.stdout.readline()
        assert subprocess.run(command("HEALTHCHECK"), check=False).returncode == 0
        assert ask("/v1/models")[0] == 401
        assert ask("/v1/models", Authorization="Bearer a-key")[0] == 200
    finally:
        server.terminate()
        assert server.wait(15) == 0
        server.stdout.close()
    assert subprocess.run(command("HEALTHCHECK"), stderr=subprocess.DEVNULL).returncode != 0


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="a replica takes a core")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_two_replicas_of_ray_serve_answer_as_the_local_server_does():
    pytest.importorskip("ray.serve", reason="no Ray Serve")
    from limner.studio.cluster import serve_on_ray

    seen, photos, counted, ended = {}, [], set(), threading.Event()
    served = re.compile(r'limner_requests_total\{path="/v1/photo",status="200"\} (\S+)')

    def ready():
        try:
            seen["page"] = ask("/")
            seen["problem"] = ask("/v1/photo", b"no picture")
            with ThreadPoolExecutor(8) as clients:
                asked = [clients.submit(ask, "/v1/photo?size=64", DRAWING) for _ in range(24)]
                photos.extend(one.result() for one in asked)
            for _ in range(100):  # each replica counts for itself, and either may answer
                found = served.search(ask("/metrics")[1].decode())
                counted.add(float(found[1]) if found else 0.0)
        finally:
            ended.set()

    serve_on_ray(Settings(port=PORT), replicas=(2, 2), ready=ready, until=ended)
    assert seen["page"][0] == 200
    assert seen["problem"][0] == 422
    assert json.loads(seen["problem"][1])["type"] == "bad-picture"
    assert [status for status, _ in photos] == [200] * 24
    [photo] = {photo for _, photo in photos}
    assert photo.startswith(b"\x89PNG")
    assert 0.0 not in counted, "one replica has done nothing"
    assert sum(counted) * (2 if len(counted) == 1 else 1) == 24


def test_a_ray_serve_that_does_not_start_is_an_error_of_ours(monkeypatch):
    serve = pytest.importorskip("ray.serve", reason="no Ray Serve")
    from limner.studio.cluster import _start

    def late(**_):
        raise TimeoutError("HTTP proxies not available after 60s.")

    monkeypatch.setattr(serve, "start", late)
    with pytest.raises(EngineError, match=f"did not start on 127.0.0.1, port {PORT}"):
        _start(Settings(port=PORT))


@pytest.mark.parametrize(
    ("port", "replicas", "found"), [(0, (1, 2), "fixed port"), (PORT, (3, 2), "3 to 2 replicas")]
)
def test_an_impossible_deployment_is_refused(port, replicas, found):
    pytest.importorskip("ray.serve", reason="no Ray Serve")
    from limner.studio.cluster import serve_on_ray

    with pytest.raises(UsageError, match=found):
        serve_on_ray(Settings(port=port), replicas=replicas)
