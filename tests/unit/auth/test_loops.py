"""Background jobs of auth."""

import asyncio

import pytest

from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from services.auth.loops import every


class Job:
    """Raises each failure once, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.done = asyncio.Event()

    async def __call__(self) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.done.set()


async def test_a_job_is_retried_after_a_store_outage() -> None:
    job = Job(*(unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable") for _ in range(3)))
    task = asyncio.create_task(every(0, job, name="job"))

    async with asyncio.timeout(10):
        await job.done.wait()
    task.cancel()


@pytest.mark.parametrize(
    "failure", [RuntimeError("a defect"), ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, "a defect")]
)
async def test_a_job_with_a_defect_ends_its_loop(failure: Exception) -> None:
    with pytest.raises(type(failure), match="a defect"):
        async with asyncio.timeout(10):
            await every(0, Job(failure), name="job")
