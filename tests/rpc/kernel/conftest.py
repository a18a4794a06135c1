from tests.rpc.engines import grpc_engine

__all__ = ["grpc_engine"]
