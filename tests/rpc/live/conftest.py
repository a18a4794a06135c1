from tests.rpc.messaging.conftest import harness

__all__ = ["harness"]
