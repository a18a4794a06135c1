"""Limits of the calls of each user, as the protos declare them per method."""

import math
from collections import Counter

from chatly.options.v1 import access_pb2, rate_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from kernel.errors import ChatlyError, Code, KernelReason
from kernel.grpc.context import Caller, UserCaller
from kernel.ids import UserId
from kernel.rates import Buckets, Rate
from kernel.time import Clock

UserMethod = tuple[UserId, str]
"""A user and the full name of a method."""


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


class UserRates:
    """Counts the calls of each user and method on this node. Calls of services and without a token are not counted."""

    def __init__(self, *, clock: Clock, factor: float) -> None:
        """`factor` multiplies all limits. 0: no limits."""
        self._factor = factor
        self._buckets: Buckets[UserMethod] = Buckets(clock=clock)
        self._rates: dict[str, Rate] = {}
        self._admitted: Counter[UserMethod] = Counter()

    def declare(self, method: str, rate: Rate | None) -> None:
        """Set the limit of a method. None: no limit."""
        if rate is not None and self._factor:
            self._rates[method] = Rate(rate.calls * self._factor, rate.seconds)

    def rate_of(self, method: str) -> Rate:
        """Return the limit of a method that has one."""
        return self._rates[method]

    def admit(self, method: str, caller: Caller) -> None:
        """Count a call. Raise RESOURCE_EXHAUSTED `RATE_LIMITED` with the seconds to wait if the limit is reached."""
        rate = self._rates.get(method)
        if rate is None or not isinstance(caller, UserCaller):
            return
        key = (caller.user_id, method)
        if wait := self._buckets.take(key, rate):
            raise _rate_limited(rate, wait)
        self._admitted[key] += 1

    def take_admitted(self) -> "Counter[UserMethod]":
        """Return the calls that were admitted since the last call of this method."""
        admitted, self._admitted = self._admitted, Counter()
        return admitted

    def raise_to(self, key: UserMethod, seconds: float) -> None:
        """Let the bucket be full no earlier than in `seconds`, because other nodes admitted calls too."""
        self._buckets.raise_to(key, seconds)


def _rate_limited(rate: Rate, wait: float) -> ChatlyError:
    calls, seconds = f"{rate.calls:g}", f"{rate.seconds:g}"
    message = f"at most {calls} of these calls per user in {seconds} s: try again in {math.ceil(wait)} s"
    metadata = {"limit": calls, "seconds": seconds}
    return ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, message, metadata, retry_after=wait)
