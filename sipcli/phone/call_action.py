"""Actions that begin when they are called, and whose result can be awaited."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class CallAction(Coroutine[Any, Any, T]):
    """An action that has begun. Await it for its result, or leave it to go on by itself.

    It can be used wherever a coroutine can, as with `asyncio.create_task`. Unlike a coroutine it
    need not be awaited: the wait starts only then.
    """

    def __init__(self, wait: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """`wait()` waits for the result; its timeout runs from the moment that it is awaited."""
        self._wait = wait
        self._waiting: Coroutine[Any, Any, T] | None = None

    def __await__(self) -> Generator[Any, Any, T]:
        return self._wait().__await__()

    def send(self, value: Any, /) -> Any:
        """Go on waiting, as a coroutine does (called by asyncio)."""
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise in the wait, as a coroutine does (called by asyncio)."""
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.throw(*error)

    def close(self) -> None:
        """Give up waiting (called by asyncio)."""
        if self._waiting is not None:
            self._waiting.close()
