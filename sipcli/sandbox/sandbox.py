"""The sandbox: a SIP server with extensions, in this process."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import IceTransportPolicy, Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.errors import (
    DESCRIPTORS_HINT,
    TOO_FEW_DESCRIPTORS,
    ConfigError,
    ConnectError,
    Phase,
    is_out_of_descriptors,
)
from sipcli.journal.entries import PacketEntry, SampleEntry, SoundEntry
from sipcli.journal.journal import Journal, PartialJournal
from sipcli.sandbox.extensions import (
    EXTENSIONS,
    MAX_CALLS,
    REQUESTS_A_CALL,
    Extension,
    media_config_for,
)
from sipcli.sandbox.names import address_of
from sipcli.sandbox.temporary_ca import temporary_tls
from sipcli.sandbox.websocket_server import MAX_CLIENTS, SandboxServer

START_TIMEOUT_S: Final = 20.0
"""Seconds that the extensions get to register, which usually takes 50 ms."""
REPLACED: Final = (
    "uri",
    "password",
    "ws_servers",
    "authorization_user",
    "ha1",
    "registrar_server",
    "stun_servers",
    "turn_servers",
    "ice_transport_policy",
    "tls_ca_file",
    "tls_client_certificate",
    "tls_client_key",
    "tls_verify",
)
"""Settings that are not the user's own against a sandbox (`Sandbox.account`)."""
USERS: Final = ("alice", "bob")
"""The default users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The configuration of a sandbox."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 selects any free port."""
    tls: bool = False
    """True: `wss:` instead of `ws:`."""
    passwords: Mapping[str, str] = field(
        default_factory=lambda: {user: new_password() for user in USERS}, repr=False
    )
    """User -> password; the extensions have their own."""
    journal: Journal = field(default_factory=Journal)
    """Records the messages of all connections as the server sees them, and the media of the
    extensions."""
    max_clients: int = MAX_CLIENTS
    """Connections at a time, those of the extensions included."""
    max_calls: int = MAX_CALLS
    """Calls of one extension at a time."""


def new_password() -> str:
    """Return a random password."""
    return secrets.token_urlsafe(12)


class Sandbox:
    """A registrar, a proxy and extensions in this process. Use it with `async with`.

    Inside, `account` turns settings into those of one of its users. Raises `ConfigError` if it
    cannot listen, or if a user has the name of an extension, and `ConnectError` if its own
    extensions cannot reach it.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._passwords: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        """User -> password, extensions included."""
        for name, password in plan.passwords.items():
            self.add_user(name, password)
        self._stack = AsyncExitStack()
        self._tasks = asyncio.TaskGroup()
        self._end = asyncio.Event()
        self.ca_file: str | None = None
        """The file with the certificate of the temporary CA; None without TLS."""

    async def __aenter__(self) -> Self:
        try:
            await self._enter()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return self

    async def _enter(self) -> None:
        async with AsyncExitStack() as stack:
            tls = stack.enter_context(temporary_tls(self._plan.host)) if self._plan.tls else None
            self.ca_file = str(tls.ca_file) if tls is not None else None
            passwords = {name: new_password() for name in EXTENSIONS}
            self._accounts |= passwords
            self._server = await stack.enter_async_context(
                SandboxServer(
                    self._accounts,
                    host=self._plan.host,
                    port=self._plan.port,
                    tls=tls.context if tls is not None else None,
                    journal=self._plan.journal,
                    max_clients=self._plan.max_clients,
                    max_requests=self._plan.max_calls * REQUESTS_A_CALL,
                )
            )
            await stack.enter_async_context(self._tasks)
            stack.callback(self._end.set)
            await self._start(passwords)
            self._stack = stack.pop_all()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            # The task group would wrap an error of the body, so it gets cancellations only.
            if isinstance(error, asyncio.CancelledError):
                await self._stack.__aexit__(kind, error, traceback)
            else:
                await self._stack.aclose()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # an error in an extension

    @property
    def server(self) -> WsServer:
        """The URI of the server, for clients on this machine."""
        return self._server.uri

    @property
    def passwords(self) -> Mapping[str, str]:
        """User -> password, without the extensions."""
        return self._passwords

    def add_user(self, name: str, password: str | None = None) -> None:
        """Add a user; the default password is random.

        Raises `ConfigError` for an empty name or the name of an extension.
        """
        if name in EXTENSIONS:
            raise ConfigError(f"{name} is an extension of the sandbox: choose another name")
        if not name:
            raise ConfigError("a user of the sandbox needs a name")
        password = new_password() if password is None else password
        self._passwords[name] = self._accounts[name] = password

    def account(self, user: str, settings: Settings) -> Settings:
        """Return `settings` with the account of `user` and the connection to this sandbox.

        `REPLACED` names the fields that it changes.
        """
        return replace(
            settings,
            uri=address_of(user),
            password=self.passwords[user],
            ws_servers=(self.server,),
            authorization_user=None,
            ha1=None,
            registrar_server=None,
            stun_servers=(),
            turn_servers=(),
            ice_transport_policy=IceTransportPolicy.ALL,
            tls_ca_file=self.ca_file,
            tls_client_certificate=None,
            tls_client_key=None,
            tls_verify=True,
        )

    def keys(self, user: str) -> dict[str, Any]:
        """Return the settings of a user by key, as `sipcli.Phone` takes them."""
        keys: dict[str, Any] = {
            "uri": str(address_of(user)),
            "password": self.passwords[user],
            "ws_servers": self.server.ws_uri,
            "stun_servers": [],
        }
        return keys if self.ca_file is None else keys | {"tls_ca_file": self.ca_file}

    def credentials(self, user: str) -> Credentials:
        """Return the credentials of a user."""
        return Credentials(user, self.passwords[user])

    async def _start(self, passwords: Mapping[str, str]) -> None:
        """Start all extensions, and wait until they are registered."""
        media_config = media_config_for(self.server)
        journal = PartialJournal(self._plan.journal, PacketEntry, SampleEntry, SoundEntry)
        waiting = set(passwords)
        is_ready = asyncio.Event()

        def ready(name: str) -> None:
            waiting.discard(name)
            if not waiting:
                is_ready.set()

        failures: list[str] = []

        def failed(reason: str) -> None:
            failures.append(reason)
            is_ready.set()

        def connect_failed(reason: str) -> None:
            if DESCRIPTORS_HINT in reason:
                failed(reason)

        for name, password in passwords.items():
            extension = Extension(
                name,
                password,
                self.server,
                self.ca_file,
                media_config,
                journal,
                self._plan.max_calls,
                connect_failed,
            )
            self._tasks.create_task(extension.run(partial(ready, name), self._end))
        try:
            # Not asyncio.timeout: before Python 3.11.3 it is none in a task that was cancelled.
            with _telling_descriptor_failures(failed):
                await asyncio.wait_for(is_ready.wait(), START_TIMEOUT_S)
        except TimeoutError:
            raise ConnectError(
                f"{self.server} listens, but cannot be reached from this machine: is its"
                " loopback interface up?",
                Phase.TCP,
            ) from None
        if failures:
            text = f"{TOO_FEW_DESCRIPTORS}: {DESCRIPTORS_HINT}"
            raise ConnectError(f"{self.server} accepts no connection: {text}", Phase.TCP)


@contextmanager
def _telling_descriptor_failures(on_failure: Callable[[str], None]) -> Iterator[None]:
    """Tell what the loop fails at for lack of file descriptors: connections to accept.

    The loop would log a traceback for each, and try again every second.
    """
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and is_out_of_descriptors(error):
            on_failure(str(error))
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
