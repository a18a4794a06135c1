from tests.rpc.messaging.conftest import town

__all__ = ["town"]
