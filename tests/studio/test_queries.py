import asyncio

import pytest

from .client import grey, problem, studio

NONSENSE = [
    *({"faithful": value} for value in ("nan", "inf", "-inf", "1e999", "-0.1", "1.1", "x", "")),
    *({"size": value} for value in ("0", "-1", "15", "4097", "1e3", "nan", "64.5", "1" * 5000)),
    *({"variants": value} for value in ("0", "17", "nan", "-1", "x")),
    *({"seed": value, "variants": "2"} for value in ("-1", "9223372036854775808", "nan", "1.5")),
    *({"eyes": value} for value in ("", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,3," + "4" * 200)),
    *(
        {"eyes": value, "as_is": "false"}
        for value in ("nan,nan,nan,nan", "inf,1,2,3", "1e999,1,1,1", "1,1,1,1", "-9,-9,999,9")
    ),
    *({"skin": value} for value in ("", "nan", "#12345", "#gggggg", "plaid", "é" * 41, "x" * 41)),
    *({part: "nowhere"} for part in ("hair", "eye_colour", "lips", "background")),
    *({"format": value} for value in ("", "gif", "PNG", "../png")),
    *({"face": value} for value in ("", "both", "ALL")),
    *({"clean": value} for value in ("", "yes")),
    *({"as_is": value} for value in ("", "2", "nan")),
    {"model": "x" * 101},
    {"put_back": "true", "size": "64"},
    {"face": "all", "as_is": "true"},
    {"face": "all", "as_is": "false", "variants": "2"},
    {"eyes": "1,2,3,4", "as_is": "true"},
    {"unknown": "1"},
    {"token": "1"},
]


def refusals(path, queries, hinted_model):
    async def test():
        async with studio(model=str(hinted_model)) as client:
            return [
                await client.post(path, params={"as_is": "true"} | query, content=grey(9))
                for query in queries
            ]

    return asyncio.run(test())


def test_nonsense_in_options_is_refused_with_its_name(hinted_model):
    for query, refused in zip(NONSENSE, refusals("/v1/photo", NONSENSE, hinted_model), strict=True):
        said = problem(refused, 400, "bad-request")
        known = {*query, "eyes", "colour", "face=all", "put_back", "seed"}
        assert any(name.replace("_", " ") in said.replace("_", " ") for name in known), said
        assert len(said) < 600, said


def test_models_that_are_not_there(hinted_model):
    names = ["nowhere", "../../etc/passwd", "/etc/passwd", "lifelike.onnx", "con\x00trol", "é"]
    answers = refusals("/v1/photo", [{"model": name} for name in names], hinted_model)
    for refused in answers:
        said = problem(refused, 404, "no-model")
        assert "hinted" in said
        assert "tmp" not in said


def test_what_a_model_was_not_trained_for(tiny_model):
    asked = [{"skin": "light"}, {"variants": "2"}, {"faithful": "0.5"}]
    for refused in refusals("/v1/photo", asked, tiny_model):
        problem(refused, 400, "bad-request")


@pytest.mark.parametrize(
    "query",
    [
        {"style": ""},
        {"style": "nowhere"},
        {"style": "x" * 41},
        {"style": "pencil", "size": "64"},
        {"style": "pencil", "model": "draughtsman"},
        {"style": "model", "seed": "3"},
        {"style": "model", "model": "hinted"},
        {"style": "line", "seed": "-1"},
        {"hair": "black"},
    ],
)
def test_sketches(query, hinted_model):
    base = {} if query.get("style") == "model" else {"as_is": "false"}
    [refused] = refusals("/v1/sketch", [base | query], hinted_model)
    problem(refused, 400, "bad-request")


def test_crops(hinted_model):
    asked = [{"size": "2049"}, {"variants": "2"}, {"format": "png"}, {"size": "nan"}]
    for refused in refusals("/v1/align", asked, hinted_model):
        problem(refused, 400, "bad-request")


def test_many_unknown_options_make_no_long_answer(hinted_model):
    many = {f"{'x' * 90}{n}\x07": "y" for n in range(200)}
    [refused] = refusals("/v1/photo", [many], hinted_model)
    assert len(problem(refused, 400, "bad-request")) < 1000
    assert "\x07" not in refused.text
