"""The same server in a container and on a Ray cluster."""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from limner.errors import UsageError
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
        server.wait(15)
        server.stdout.close()
    assert subprocess.run(command("HEALTHCHECK"), stderr=subprocess.DEVNULL).returncode != 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ray_serve_answers_as_the_local_server_does():
    pytest.importorskip("ray.serve", reason="no Ray Serve")
    from limner.studio.cluster import serve_on_ray

    seen, ended = {}, threading.Event()

    def ready():
        try:
            seen["page"] = ask("/")
            seen["photo"] = ask("/v1/photo?size=64", DRAWING)
            seen["problem"] = ask("/v1/photo", b"no picture")
        finally:
            ended.set()

    serve_on_ray(Settings(port=PORT), replicas=(1, 2), ready=ready, until=ended)
    assert seen["page"][0] == 200
    assert seen["photo"][0] == 200
    assert seen["photo"][1].startswith(b"\x89PNG")
    assert seen["problem"][0] == 422
    assert json.loads(seen["problem"][1])["type"] == "bad-picture"


@pytest.mark.parametrize(
    ("port", "replicas", "found"), [(0, (1, 2), "fixed port"), (PORT, (3, 2), "3 to 2 replicas")]
)
def test_an_impossible_deployment_is_refused(port, replicas, found):
    pytest.importorskip("ray.serve", reason="no Ray Serve")
    from limner.studio.cluster import serve_on_ray

    with pytest.raises(UsageError, match=found):
        serve_on_ray(Settings(port=port), replicas=replicas)
