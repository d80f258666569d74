"""What becomes of a request, as something that can be awaited."""

import asyncio
from collections.abc import Callable

from sipcli.core.requests.exchange import Outcome


def pending() -> tuple[asyncio.Future[Outcome], Callable[[Outcome], None]]:
    """An outcome to wait for, and how to settle it: nobody may be waiting any more by then."""
    future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def settle(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    return future, settle
