"""What the endpoints make of pictures."""

import asyncio
import base64
import io
import json
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.errors import ImageError
from limner.faces import DlibDetector, put_back
from limner.translator import Translator

from .client import (
    AS_IS,
    PLAIN,
    gif,
    grey,
    hold,
    lightness,
    lines,
    once,
    png,
    problem,
    saved,
    studio,
    until,
)

JSON = {"accept": "application/x-ndjson"}


@pytest.fixture
def mine(hinted_model):
    return {"model": str(hinted_model)}


@pytest.fixture(scope="module")
def translate(hinted_model):
    return Translator(hinted_model)


@pytest.fixture(scope="module")
def page(portrait_drawing):
    return np.stack([portrait_drawing] * 3, axis=-1)


@pytest.fixture(scope="module")
def two_faces(page):
    return np.concatenate([page, page[:, ::-1]], axis=1)


def test_a_drawing_becomes_what_the_translator_makes(mine, translate, page):
    async def test():
        async with studio(**mine) as client:
            return [
                await client.post("/v1/photo", params=params, content=png(page))
                for params in ({}, {"put_back": "true"}, {"size": "100"}, {"clean": "off"})
            ]

    plain, pasted, sized, unclean = asyncio.run(test())
    [made] = translate.translate(page)
    assert np.array_equal(images.read(plain.content), made.image)
    assert np.array_equal(images.read(pasted.content), put_back(made.image, made.aligned, page))
    assert images.read(sized.content).shape == (100, 100, 3)
    assert np.array_equal(images.read(unclean.content), translate(page, clean="off"))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("more", [{}, {"size": "80"}, {"put_back": "true"}])
def test_every_photo_says_that_a_machine_made_it(kind, more, mine):
    done = once(
        "POST", "/v1/photo", settings=mine, params=PLAIN | more | {"format": kind}, content=grey(9)
    )
    assert done.headers["content-type"] == f"image/{kind}"
    with Image.open(io.BytesIO(done.content)) as picture:
        assert picture.format == kind.upper()
    assert b"trainedAlgorithmicMedia" in done.content
    assert b"hinted sha256:" in done.content


def test_a_drawing_of_a_model_says_so_too_and_one_of_a_style_does_not(mine, photo):
    async def test():
        async with studio(**mine) as client:
            return [
                await client.post("/v1/sketch", params=params, content=png(photo))
                for params in (
                    {"style": "model", "size": "60", "format": "webp"},
                    {"style": "line"},
                )
            ]

    drawn, styled = asyncio.run(test())
    assert b"trainedAlgorithmicMedia" in drawn.content
    assert images.read(drawn.content).shape == (60, 60, 3)
    assert b"trainedAlgorithmicMedia" not in styled.content
    assert images.read(styled.content).shape == (512, 512, 3)


def test_eyes_say_where_a_face_is(mine, translate, page):
    eyes = (150.0, 250.0, 330.0, 255.0)
    done = once(
        "POST",
        "/v1/photo",
        settings=mine,
        params={"eyes": ",".join(map(str, eyes))},
        content=png(page),
    )
    assert np.array_equal(images.read(done.content), translate(page, eyes=eyes))


def test_a_model_that_draws_makes_no_photos(mine, page):
    params = {"model": "draughtsman"}
    refused = once("POST", "/v1/photo", settings=mine, params=params, content=png(page))
    assert "is photo-to-sketch" in problem(refused, 400, "bad-request")


def test_further_pages_and_faces_are_noted(mine, two_faces):
    file = io.BytesIO()
    page = Image.fromarray(two_faces)
    page.save(file, "TIFF", save_all=True, append_images=[page])
    done = once("POST", "/v1/photo", settings=mine, content=file.getvalue())
    assert json.loads(done.headers["limner-notes"]) == ["page 1 of 2", "the largest of 2 faces"]


def test_the_eyes_of_an_upside_down_page_can_be_sent_back(mine, translate, portrait_drawing):
    page = np.ascontiguousarray(portrait_drawing[::-1, ::-1])
    found = once("POST", "/v1/align", settings=mine, content=png(page)).json()
    [face] = found["faces"]
    assert face["notes"] == ["turned by 180°"]
    eyes = ",".join(map(str, face["eyes"]))
    done = once("POST", "/v1/photo", settings=mine, params={"eyes": eyes}, content=png(page))
    assert json.loads(done.headers["limner-notes"]) == ["turned by 180°"]
    sent_back = images.read(done.content).astype(int)
    assert np.abs(sent_back - translate(page)).mean() < 2


def test_all_faces(mine, translate, two_faces):
    async def test():
        async with studio(**mine) as client:
            params = {"face": "all"}
            several = await client.post(
                "/v1/photo", params=params, content=png(two_faces), headers=JSON
            )
            pasted = await client.post(
                "/v1/photo", params=params | {"put_back": "true"}, content=png(two_faces)
            )
            return several, pasted

    several, pasted = asyncio.run(test())
    made = translate.translate(two_faces, every_face=True)
    assert len(made) == 2
    for line, one in zip(lines(several), made, strict=True):
        assert np.array_equal(images.read(base64.b64decode(line["image"])), one.image)
    expected = two_faces
    for one in made:
        expected = put_back(one.image, one.aligned, expected)
    assert np.array_equal(images.read(pasted.content), expected)


def test_variants_differ_by_seed_and_keep_what_is_given(mine):
    async def ask(client, **params):
        params = AS_IS | {"variants": "3", "hair": "#102030"} | params
        return await client.post("/v1/photo", params=params, content=grey(200), headers=JSON)

    async def test():
        async with studio(**mine) as client:
            return [lines(await ask(client, **more)) for more in ({}, {}, {"seed": "1"})] + [
                await ask(client, put_back="true")
            ]

    first, again, other, pasted = asyncio.run(test())
    assert first == again
    assert len({line["image"] for line in first}) == 3
    assert [line["hints"]["hair"] for line in first + other] == ["#102030"] * 6
    assert first != other
    for alone, back in zip(first, lines(pasted), strict=True):
        assert alone["hints"] == back["hints"]


def test_a_single_variant_tells_its_colours_in_a_line(mine):
    params = AS_IS | {"variants": "1"}
    settings = {"settings": mine, "params": params, "content": grey(200)}
    assert once("POST", "/v1/photo", **settings).headers["content-type"] == "image/png"
    [line] = lines(once("POST", "/v1/photo", **settings, headers=JSON))
    assert {"skin", "hair"} <= line["hints"].keys()


def test_where_faces_are(mine, two_faces):
    async def test():
        async with studio(**mine) as client:
            found = await client.post(
                "/v1/align", params={"face": "all", "size": "90"}, content=png(two_faces)
            )
            files = [("picture", png(two_faces))] * 2
            several = await client.post("/v1/align", files=files)
            return found.json(), several

    found, several = asyncio.run(test())
    assert (found["width"], found["height"]) == (1000, 600)
    left, right = sorted(face["eyes"] for face in found["faces"])
    assert max(left[0], left[2]) < 500 < min(right[0], right[2])
    for face in found["faces"]:
        crop = base64.b64decode(face["crop"].partition(",")[2])
        assert images.read(crop).shape == (90, 90, 3)
    assert "send one" in problem(several, 400, "bad-request")


def cmyk():
    return saved(Image.new("CMYK", (64, 64), (0, 0, 0, 128)), "JPEG")


def test_odd_pictures(mine, translate):
    odd = {
        "animated": gif([40, 200]),
        "cmyk": cmyk(),
        "bits": saved(Image.new("1", (64, 64)), "PNG"),
        "palette": saved(Image.new("P", (64, 64)), "GIF"),
        "deep": saved(Image.new("I;16", (64, 64)), "PNG"),
        "transparent": saved(Image.new("LA", (64, 64), (9, 0)), "PNG"),
        "dot": png(np.zeros((1, 1, 3))),
        "wide": png(np.zeros((1, 30_000, 3))),
        "tall": png(np.zeros((30_000, 3, 3))),
    }

    async def test():
        async with studio(**mine) as client:
            for name, data in odd.items():
                done = await client.post("/v1/photo", params=AS_IS, content=data)
                assert done.status_code == 200, name
                assert np.array_equal(images.read(done.content), translate(data, as_is=True)), name

    asyncio.run(test())


def test_the_first_frame_of_an_animation_counts(mine):
    moving = once("POST", "/v1/photo", settings=mine, params=PLAIN, content=gif([40, 200]))
    assert lightness(moving.content) == 40


def bomb(side):
    """A picture of many pixels in a small file."""
    return saved(Image.new("1", (side, side)), "PNG")


@pytest.mark.parametrize(
    "data",
    [
        b"nothing",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        grey(9)[:100],
        grey(9)[:20],
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"GIF89a\xff\xff\xff\xff\x00\x00\x00",
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        bomb(7000),
    ],
)
@pytest.mark.parametrize("path", ["/v1/photo", "/v1/sketch", "/v1/align"])
def test_what_is_no_picture_is_refused(data, path, mine):
    params = {} if path == "/v1/sketch" else AS_IS
    refused = once("POST", path, settings=mine, params=params, content=data)
    said = problem(refused, 422, "bad-picture")
    assert said.startswith("picture: ")


def test_a_page_without_a_face(mine):
    for path in ("/v1/photo", "/v1/align"):
        refused = once("POST", path, settings=mine, content=grey(255, side=300))
        assert "no face found" in problem(refused, 422, "no-face")


def test_pictures_in_memory_are_limited(mine, monkeypatch):
    most, now = [0], [0]

    async def test():
        async with studio(**mine, pixels_at_once=10_000, threads=4) as client:
            prepare = client.service._prepare

            def counted(translator, upload, query, strokes):
                now[0] += 64 * 64
                most[0] = max(most[0], now[0])
                return prepare(translator, upload, query, strokes)

            finish = client.service._finish

            async def done(*args):
                made = await finish(*args)
                now[0] -= 64 * 64
                return made

            monkeypatch.setattr(client.service, "_prepare", counted)
            monkeypatch.setattr(client.service, "_finish", done)
            files = [("picture", grey(n)) for n in range(20)]
            return await client.post("/v1/photo", params=PLAIN, files=files, headers=JSON)

    made = lines(asyncio.run(test()))
    assert [lightness(base64.b64decode(line["image"])) for line in made] == list(range(20))
    assert 64 * 64 <= most[0] <= 10_000


def test_pixels_count_until_the_thread_is_through_even_if_the_client_left(mine, monkeypatch):
    now, most, go = [0], [0], threading.Event()

    async def test():
        async with studio(**mine, pixels_at_once=5_000, threads=4) as client:

            def slow(*_):
                now[0] += 1
                most[0] = max(most[0], now[0])
                go.wait(5)
                now[0] -= 1
                raise ImageError("picture: no")

            monkeypatch.setattr(client.service, "_prepare", slow)
            tasks = []
            for number in range(3):
                task = asyncio.create_task(
                    client.post("/v1/photo", params=PLAIN, content=grey(number))
                )
                tasks.append(task)
                await asyncio.sleep(0.1)
                task.cancel()
            await asyncio.sleep(0.2)
            assert now == [1]
            go.set()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(test())
    assert most == [1]


def test_aligning_loads_the_detector_once(mine, page, monkeypatch):
    loaded = []

    class Counted(DlibDetector):
        def __init__(self):
            loaded.append(1)
            super().__init__()

    monkeypatch.setattr("limner.translator.DlibDetector", Counted)

    async def test():
        async with studio(**mine) as client:
            return [await client.post("/v1/align", content=png(page)) for _ in range(3)]

    assert [done.status_code for done in asyncio.run(test())] == [200] * 3
    assert loaded == [1]


def test_results_of_sketches_are_named_after_the_stem(mine, photo):
    files = [("picture", (f"{n}.png", png(photo))) for n in range(2)]
    for style in ("pencil", "model"):
        done = once("POST", "/v1/sketch", settings=mine, params={"style": style}, files=files)
        assert zipfile.ZipFile(io.BytesIO(done.content)).namelist() == ["0.png", "1.png"]


def test_who_is_waiting_gets_its_own_picture(mine, monkeypatch):
    async def test():
        async with studio(**mine, queue=64) as client:
            held = hold(client.service, monkeypatch)

            def ask(level):
                return client.post("/v1/photo", params=PLAIN, content=grey(level))

            tasks = [asyncio.create_task(ask(0))]
            await until(lambda: held.calls)
            tasks += [asyncio.create_task(ask(level)) for level in range(10, 200, 10)]
            await until(lambda: len(client.service.batcher._waiting) == 19)
            held.go.set()
            made = await asyncio.gather(*tasks)
            assert [lightness(one.content) for one in made] == list(range(0, 200, 10))
            assert held.calls == [1, 8, 8, 3]

    asyncio.run(test())


def test_a_failure_of_the_network_reaches_its_requests_only(mine, monkeypatch):
    async def test():
        async with studio(**mine) as client:
            translator = client.service._loaded["hinted"].result()
            network = translator.batch

            def broken(*_, **__):
                raise RuntimeError("no memory")

            monkeypatch.setattr(translator, "batch", broken)
            failed = await client.post("/v1/photo", params=PLAIN, content=grey(9))
            problem(failed, 500, "internal")
            monkeypatch.setattr(translator, "batch", network)
            after = await client.post("/v1/photo", params=PLAIN, content=grey(9))
            assert lightness(after.content) == 9

    asyncio.run(test())


def test_zip_of_many(mine):
    files = [("picture", (f"{n}.png", grey(n))) for n in range(5)]
    done = once("POST", "/v1/photo", settings=mine, params=PLAIN | {"format": "jpeg"}, files=files)
    archive = zipfile.ZipFile(io.BytesIO(done.content))
    assert archive.namelist() == [f"{n}.jpeg" for n in range(5)]
    assert archive.testzip() is None
    assert lightness(archive.read("3.jpeg")) == 3
