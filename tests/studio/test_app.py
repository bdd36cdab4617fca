import asyncio
import re
import shutil
import time

import pytest
from starlette.requests import Request

from limner import images
from limner.errors import LimnerError
from limner.shipped import find_model
from limner.studio.guard import UNTIL
from limner.studio.problems import ProblemError
from limner.studio.queueing import unless_gone

from .client import (
    GONE,
    PLAIN,
    grey,
    hold,
    lightness,
    once,
    part,
    problem,
    raw,
    studio,
    until,
)


@pytest.fixture
def mine(hinted_model):
    return {"model": str(hinted_model)}


def ask(client, level=9, **more):
    return asyncio.create_task(client.post("/v1/photo", params=PLAIN | more, content=grey(level)))


def test_when_the_queue_is_full_others_are_sent_away_at_once(mine, monkeypatch):
    async def test():
        async with studio(**mine, queue=3) as client:
            held = hold(client.service, monkeypatch)
            served = [ask(client, 10)]
            await until(lambda: held.calls)  # it is in the network, and the others wait
            served += [ask(client, level) for level in (20, 30)]
            await until(lambda: len(client.service.batcher._waiting) == 2)
            begun = time.perf_counter()
            refused = await asyncio.gather(*[ask(client) for _ in range(10)])
            assert time.perf_counter() - begun < 2
            for one in refused:
                assert "try again" in problem(one, 503, "overloaded")
                assert one.headers["retry-after"] == "1"
            # Not even the body is read.
            sent = await raw(client.app, [part(b"1", more=True)])
            assert sent[0]["status"] == 503
            assert (await client.get("/healthz")).status_code == 200
            held.go.set()
            assert [lightness((await one).content) for one in served] == [10, 20, 30]
            assert (await ask(client)).status_code == 200
            counted = (await client.get("/metrics")).text
            assert 'limner_requests_total{path="/v1/photo",status="503"} 11.0' in counted
            assert 'limner_requests_total{path="/v1/photo",status="200"} 4.0' in counted
            assert "limner_requests_now 0.0" in counted

    asyncio.run(test())


MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
    + grey(9)
    + b"\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        (b"image/png", [part(grey(9))]),
        (b"image/png", [part(grey(9), more=True), part(b"")]),
        (b"multipart/form-data; boundary=x", [part(MULTIPART)]),
        (b"multipart/form-data; boundary=x", [part(MULTIPART, more=True), part(b"")]),
    ],
)
def test_who_goes_away_takes_the_work_along(kind, parts, mine, monkeypatch):
    async def test():
        async with studio(**mine) as client:
            held = hold(client.service, monkeypatch)
            first = ask(client, 50)
            await until(lambda: held.calls)
            leave = asyncio.Event()

            async def gone():
                await leave.wait()
                return GONE

            leaving = asyncio.create_task(
                raw(client.app, [*parts, gone()], headers=[(b"content-type", kind)])
            )
            waiting = client.service.batcher._waiting
            await until(lambda: len(waiting) == 1)
            leave.set()
            await until(lambda: waiting[0].result.cancelled())
            await leaving
            assert "limner_requests_now 1.0" in (await client.get("/metrics")).text
            held.go.set()
            assert lightness((await first).content) == 50
            assert lightness((await ask(client, 60)).content) == 60
            assert held.calls == [1, 1]

    asyncio.run(test())


def test_who_goes_away_gets_no_more_pictures_made(mine, monkeypatch):
    async def test():
        async with studio(**mine) as client:
            leave, made = asyncio.Event(), []
            loop = asyncio.get_running_loop()
            run = client.service.run

            async def counted(function, *args, **kwargs):
                if function.__name__ == "encode":
                    made.append(1)
                    loop.call_soon_threadsafe(leave.set)
                    await asyncio.sleep(0.05)
                return await run(function, *args, **kwargs)

            async def gone():
                await leave.wait()
                return GONE

            monkeypatch.setattr(client.service, "run", counted)
            await raw(client.app, [part(grey(9)), gone()], query=b"as_is=1&variants=16")
            await asyncio.sleep(0.1)
            assert len(made) == 1

    asyncio.run(test())


def test_work_that_takes_too_long_is_given_up(mine, monkeypatch):
    async def test():
        async with studio(**mine, timeout=0.2) as client:
            held = hold(client.service, monkeypatch)
            late = await client.post("/v1/photo", params=PLAIN, content=grey(9))
            assert "more than 0.2 s" in problem(late, 503, "overloaded")
            assert late.headers["retry-after"] == "1"
            held.go.set()

    asyncio.run(test())


def test_the_body_takes_its_share_of_the_time():
    async def test():
        never = asyncio.Event()

        async def wait():
            await never.wait()

        request = Request({"type": "http", UNTIL: time.monotonic()}, wait)
        with pytest.raises(ProblemError, match="more than 60 s"):
            await asyncio.wait_for(unless_gone(request, wait(), 60), 5)

    asyncio.run(test())


def test_models(mine):
    answered = once("GET", "/v1/models", settings=mine).json()
    assert answered["default"] == "hinted"
    assert answered["better"] is None
    by_name = {model["name"]: model for model in answered["models"]}
    assert next(iter(by_name)) == "hinted"
    assert by_name.keys() == {"hinted", "lifelike", "portrait", "draughtsman"}
    assert by_name["hinted"] | {"name": "hinted"} == {
        "name": "hinted",
        "direction": "sketch-to-photo",
        "size": 64,
        "literal": False,
        "hints": True,
    }
    assert by_name["draughtsman"]["direction"] == "photo-to-sketch"
    assert len(answered["eyes"]) == 4
    assert all(
        re.fullmatch("#[0-9a-f]{6}", one["colour"])
        for named in answered["parts"].values()
        for one in named
    )


def test_a_better_model_is_named_loaded_and_asked_by_its_name(tiny_model, hinted_model):
    async def test():
        async with studio(model=str(tiny_model), better=str(hinted_model)) as client:
            assert client.service._loaded.keys() == {"tiny", "hinted"}
            told = (await client.get("/v1/models")).json()
            assert (told["default"], told["better"]) == ("tiny", "hinted")
            sizes = {one["name"]: one["size"] for one in told["models"]}
            assert (sizes["tiny"], sizes["hinted"]) == (32, 64)
            fast, better = await asyncio.gather(ask(client, 77), ask(client, 77, model="hinted"))
            assert images.read(fast.content).shape[:2] == (32, 32)
            assert images.read(better.content).shape[:2] == (64, 64)
            assert lightness(better.content) == 77

    asyncio.run(test())


@pytest.mark.parametrize("better", ["draughtsman", "damaged"])
def test_a_better_model_that_makes_no_photos_is_refused(mine, better, tmp_path):
    (tmp_path / "damaged.onnx").write_bytes(b"nothing")
    given = str(tmp_path / "damaged.onnx") if better == "damaged" else better

    async def test():
        async with studio(**mine, better=given):
            pytest.fail("it was started")

    with pytest.raises(LimnerError, match="damaged" if better == "damaged" else "photo-to-sketch"):
        asyncio.run(test())


def test_a_damaged_model_is_left_out(mine, monkeypatch, tmp_path):
    async def test():
        async with studio(**mine) as client:
            damaged = tmp_path / "damaged.onnx"
            damaged.write_bytes(b"nothing")
            client.service._files["damaged"] = str(damaged)
            told = (await client.get("/v1/models")).json()
            assert "damaged" not in [model["name"] for model in told["models"]]
            for _ in range(2):  # it is tried anew, and fails anew
                refused = await client.post(
                    "/v1/photo", params=PLAIN | {"model": "damaged"}, content=grey(9)
                )
                problem(refused, 500, "internal")
            shutil.copy(find_model("draughtsman"), damaged)
            repaired = await client.post(
                "/v1/sketch",
                params={"style": "model", "model": "damaged", "as_is": "true"},
                content=grey(9),
            )
            assert repaired.status_code == 200

    asyncio.run(test())


def test_ready_only_when_the_model_is(mine, monkeypatch):
    async def test():
        async with studio(**mine) as client:
            assert (await client.get("/readyz")).json() == {"status": "ready"}
            loading = asyncio.get_running_loop().create_future()
            client.app.state.ready = loading
            waits = await client.get("/readyz")
            assert (waits.status_code, waits.headers["retry-after"]) == (503, "1")
            loading.set_exception(OSError("/home/somebody/model.onnx"))
            failed = await client.get("/readyz")
            assert "somebody" not in problem(failed, 503, "overloaded")

    asyncio.run(test())


def test_the_reference_has_all_operations_and_nothing_foreign(mine):
    page = once("GET", "/docs", settings=mine).text
    description = once("GET", "/openapi.json", settings=mine).json()
    for path in ("/v1/photo", "/v1/sketch", "/v1/align", "/v1/models", "/healthz", "/metrics"):
        assert path in description["paths"]
        assert f"<code>{next(iter(description['paths'][path])).upper()} {path}</code>" in page
    assert "integer, 16 to 4096" in page
    assert not re.findall(r"(?:src|href)=\"(?!/openapi\.json)|<script|<style|style=|url\(", page)
    assert "http://" not in page
    assert "https://" not in page


def test_the_page_is_there_or_says_how_to_build_it(mine, monkeypatch, tmp_path):
    page = once("GET", "/", settings=mine)
    assert page.headers["cache-control"] == "no-cache"
    for asset in re.findall(r"/assets/[\w.-]+", page.text):
        found = once("GET", asset, settings=mine)
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
    monkeypatch.setattr("limner.studio.app.STATIC", tmp_path)
    missing = once("GET", "/", settings=mine)
    assert missing.status_code == 503
    assert "make page" in missing.text
