"""Passes responses from the driver's threads to asyncio. One wake-up of the event loop serves many responses."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from cassandra.cluster import ResponseFuture

Row = dict[str, Any]


class CallbackBridge:
    """Converts callbacks of the driver to futures of one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[asyncio.Future[list[Row]], list[Row], BaseException | None]] = deque()
        self._woken = False

    def send(self, request: Callable[[], ResponseFuture]) -> tuple[asyncio.Future[list[Row]], ResponseFuture]:
        """Send a request. Return the future of its first page, and the driver's future, which `next_page` needs."""
        answer: asyncio.Future[list[Row]] = self._loop.create_future()
        response = request()
        response.add_callbacks(
            lambda rows: self._arrive(answer, rows, None), lambda error: self._arrive(answer, [], error)
        )
        return answer, response

    def next_page(self, response: ResponseFuture) -> asyncio.Future[list[Row]]:
        """Return the future of the next page."""
        answer: asyncio.Future[list[Row]] = self._loop.create_future()
        response.clear_callbacks()
        response.start_fetching_next_page()
        response.add_callbacks(
            lambda rows: self._arrive(answer, rows, None), lambda error: self._arrive(answer, [], error)
        )
        return answer

    def _arrive(self, answer: asyncio.Future[list[Row]], rows: list[Row] | None, error: BaseException | None) -> None:
        """Keep a response until the event loop takes it. Called from a thread of the driver."""
        self._arrived.append((answer, rows or [], error))
        # The loop clears the flag before it takes responses, so no response can be missed.
        if not self._woken:
            self._woken = True
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._complete)

    def _complete(self) -> None:
        self._woken = False
        while self._arrived:
            answer, rows, error = self._arrived.popleft()
            if answer.done():
                continue
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(rows)
