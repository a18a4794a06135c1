from tests.rpc.engines import grpc_engine
from tests.rpc.messaging.conftest import harness

__all__ = ["grpc_engine", "harness"]
