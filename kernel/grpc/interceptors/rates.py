"""The limit of the calls of each user, as the protos declare it for a method."""

from chatly.options.v1 import access_pb2, rate_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from kernel.rates import Rate


def declared_rate(method: MethodDescriptor) -> Rate | None:
    """Return the limit that the protos declare for a method, or None if it needs none.

    Raise ValueError if users call the method to change something, and it has no limit.
    """
    options = method.GetOptions()
    declared = options.Extensions[rate_pb2.rate]
    if declared.calls and declared.seconds:
        return Rate(declared.calls, declared.seconds)
    writes = options.idempotency_level != MethodOptions.NO_SIDE_EFFECTS
    if writes and options.Extensions[access_pb2.access] == access_pb2.ACCESS_USER:
        raise ValueError(
            f"{method.full_name} has no option (chatly.options.v1.rate): declare how often a user may call it"
        )
    return None
