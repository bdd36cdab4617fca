"""What /openapi.json promises holds, for requests that nobody thought of."""

import pytest

from .conftest import Server

hypothesis = pytest.importorskip("hypothesis", reason="no schemathesis")
schemathesis = pytest.importorskip("schemathesis", reason="no schemathesis")

OPERATIONS = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/v1/models"),
    ("POST", "/v1/photo"),
    ("POST", "/v1/sketch"),
    ("POST", "/v1/align"),
]
FEW = hypothesis.settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture(scope="module")
def described(hinted_model):
    server = Server("--model", str(hinted_model))
    yield schemathesis.openapi.from_url(f"{server.address}openapi.json")
    assert server.stop() == 0
    assert "failed with" not in server.said, server.said


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_described(method, path, described):
    modes = ["POSITIVE", "NEGATIVE"] if method == "POST" else ["POSITIVE"]
    for mode in modes:
        strategy = described[path][method].as_strategy(
            generation_mode=schemathesis.GenerationMode[mode]
        )

        @FEW
        @hypothesis.given(case=strategy)
        def check(case):
            # A picture that is well described may still have no face.
            case.call_and_validate(excluded_checks=[schemathesis.checks.positive_data_acceptance])

        check()


def test_there_is_nothing_else(described):
    found = [result.ok() for result in described.get_all_operations()]
    assert [(one.method.upper(), one.path) for one in found] == OPERATIONS
