"""Going on without a store that is away. Who says that it is, and that it is back, is the store's own handle."""

from types import TracebackType

from kernel.errors import ChatlyError, Reason


class ToleratedOutage:
    """`with ToleratedOutage(): ...` is left where STORE_UNAVAILABLE is raised, as if nothing were wrong."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return isinstance(error, ChatlyError) and error.reason is Reason.STORE_UNAVAILABLE
