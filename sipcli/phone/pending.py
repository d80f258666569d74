"""Makes the outcome of a request awaitable."""

import asyncio
from collections.abc import Callable

from sipcli.core.requests.exchange import Outcome


def pending() -> tuple[asyncio.Future[Outcome], Callable[[Outcome], None]]:
    """Return a future outcome and the function that sets it, which ignores a cancelled future."""
    future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def settle(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    return future, settle
