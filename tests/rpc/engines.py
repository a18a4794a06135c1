"""Runs the tests of a folder with each library of the gRPC server. Import the fixture in the folder's conftest."""

import pytest


@pytest.fixture(autouse=True, params=["grpcio", "ngh2"])
def grpc_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Select the library for every server that `tests.fakes.running` starts."""
    engine: str = request.param
    monkeypatch.setattr("tests.fakes.grpc_engine", engine)
    return engine
