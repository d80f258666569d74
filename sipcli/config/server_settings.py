"""WebSocket, STUN, TURN and HEP servers: the values, and how settings write them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import SplitResult, urlsplit

from sipcli.config.addresses import hep_address, stun_uri, turn_uri, ws_uri
from sipcli.config.format import HIDDEN, wrong_value
from sipcli.config.list_types import fields, one_or_more, part, words_or_none
from sipcli.config.types import (
    Kind,
    Unacceptable,
    clean,
    number_of_text,
    number_of_toml,
    of_text,
    shortest,
    string,
)

_WEIGHT: Final = ";weight="
_URL_KEYS: Final = ("urls", "url", "server")
_PASSWORD_KEYS: Final = ("password", "credential")


@dataclass(frozen=True, slots=True)
class WsServer:
    """A WebSocket server to connect to (RFC 7118 §3)."""

    ws_uri: str
    """A valid `ws:` or `wss:` URI in ASCII (RFC 6455 §3), scheme in lower case."""
    weight: float = 0.0
    """Servers of higher weight are tried first; equal ones in random order."""

    def __str__(self) -> str:
        """Return the URI for display, without its query, which is often a key."""
        uri = self.ws_uri.partition("?")[0]
        return uri if uri == self.ws_uri else f"{uri}?…"

    @property
    def secure(self) -> bool:
        """True for `wss:`."""
        return self.ws_uri.startswith("wss:")

    @property
    def hostname(self) -> str:
        """The host in lower case, for resolvers and sockets: IPv6 without brackets."""
        return self._parts.hostname or ""

    @property
    def host(self) -> str:
        """The host in lower case, for URIs: IPv6 in brackets."""
        return f"[{self.hostname}]" if ":" in self.hostname else self.hostname

    @property
    def port(self) -> int:
        """The port to connect to: the one in the URI, else 80 or 443 (RFC 6455 §3)."""
        return self._parts.port or (443 if self.secure else 80)

    @property
    def has_port(self) -> bool:
        """True if the URI has an explicit port."""
        return self._parts.port is not None

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.ws_uri)


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A TURN server and its credentials (RFC 8656, RFC 7065)."""

    urls: tuple[str, ...]
    """`turn:` and `turns:` URIs of the same server."""
    username: str | None = None
    """None if the server needs no credentials."""
    password: str | None = field(default=None, repr=False)


HepTransport: TypeAlias = Literal["udp", "tcp", "tls"]

HEP_PORT: Final = 9060
"""The port of a HEP server that names none: that of Homer's heplify-server."""


@dataclass(frozen=True, slots=True)
class HepServer:
    """A server that collects SIP by the Homer Encapsulation Protocol."""

    transport: HepTransport
    host: str
    """In ASCII and lower case, as in a URI: IPv6 in brackets."""
    port: int = HEP_PORT

    def __str__(self) -> str:
        return f"{self.transport}:{self.host}:{self.port}"

    @property
    def hostname(self) -> str:
        """The host for resolvers and sockets: IPv6 without brackets."""
        return self.host.strip("[]")


def ws_servers() -> Kind[tuple[WsServer, ...]]:
    """Return the kind of `ws_servers`: text, `{ws_uri, weight}`, or a list of both."""
    one = "ws://HOST or wss://HOST, with optional :PORT, path and ;weight=N"

    def from_word(word: str) -> WsServer:
        uri, mark, weight = word.rpartition(_WEIGHT)
        if not mark:
            return WsServer(ws_uri(word))
        try:
            return WsServer(ws_uri(uri), number_of_text(weight))
        except Unacceptable as fault:
            raise Unacceptable(fault.reason or "its weight is not a number") from None

    def from_element(value: object) -> WsServer:
        if isinstance(value, str):
            return from_word(value)
        table = fields(value, ("ws_uri", "weight"), "a string or { ws_uri, weight }")
        if "ws_uri" not in table:
            raise Unacceptable("ws_uri is missing", accepts="{ ws_uri, weight }")
        uri = part("ws_uri", one, lambda: ws_uri(string(table["ws_uri"])))
        number = "a number such as 10 or 0.5"
        return WsServer(uri, part("weight", number, lambda: number_of_toml(table.get("weight", 0))))

    return Kind(
        accepts=f"{one}; or none",
        metavar="URI[;weight=N]",
        from_toml=lambda value: one_or_more(value, from_element),
        from_words=lambda words: words_or_none(words, from_word),
        plain=lambda servers: [
            {"ws_uri": str(server), "weight": shortest(server.weight)}
            if server.weight
            else str(server)
            for server in servers
        ],
        split=str.split,
        many=True,
    )


def stun_servers() -> Kind[tuple[str, ...]]:
    """Return the kind of `stun_servers`: text or a list of texts."""
    return Kind(
        accepts="stun:HOST or stuns:HOST, with optional :PORT; or none",
        metavar="URI",
        from_toml=lambda value: one_or_more(value, lambda item: stun_uri(string(item))),
        from_words=lambda words: words_or_none(words, stun_uri),
        plain=list,
        split=str.split,
        many=True,
    )


def turn_servers() -> Kind[tuple[TurnServer, ...]]:
    """Return the kind of `turn_servers`: `{urls, username, password}` or a list of them."""
    return Kind(
        accepts="turn:HOST or turns:HOST with optional :PORT and ?transport=udp or =tcp, "
        "then ,USER,PASSWORD (in the file: { urls, username, password }); or none",
        metavar="URI,USER,PASSWORD",
        from_toml=lambda value: one_or_more(value, _turn_of_table),
        from_words=lambda words: words_or_none(words, _turn_of_word),
        plain=lambda servers: [_plain_turn(server) for server in servers],
        split=str.split,
        many=True,
    )


def hep_server() -> Kind[HepServer | None]:
    """Return the kind of `hep_server`: text, where `none` stands for None."""

    def read(text: str) -> HepServer | None:
        if text == "none":
            return None
        transport, host, port = hep_address(text)
        return HepServer(cast(HepTransport, transport), host, port or HEP_PORT)

    return of_text(
        read,
        accepts="udp:HOST, tcp:HOST or tls:HOST, with optional :PORT; or none",
        metavar="udp|tcp|tls:HOST[:PORT]",
    )


def _turn_of_word(word: str) -> TurnServer:
    url, comma, credentials = word.partition(",")
    username, second_comma, password = credentials.partition(",")
    if comma and not (username and second_comma and password):
        raise Unacceptable("it needs a user and a password after the first comma")
    uri = _shown_url(url)
    return TurnServer((uri,), clean(username), clean(password)) if comma else TurnServer((uri,))


def _turn_of_table(value: object) -> TurnServer:
    accepts = "{ urls, username, password }"
    table = fields(value, (*_URL_KEYS, "username", *_PASSWORD_KEYS), accepts)
    url_key = _only_one(table, _URL_KEYS, accepts)
    if url_key is None:
        raise Unacceptable("urls is missing", accepts=accepts)
    url_form = "turn:HOST or turns:HOST, with optional :PORT and ?transport=udp or =tcp"
    urls = part(
        url_key,
        url_form,
        lambda: one_or_more(table[url_key], lambda item: _shown_url(string(item))),
    )
    if not urls:
        raise Unacceptable("it is empty", accepts=url_form, at=(url_key,))
    password_key = _only_one(table, _PASSWORD_KEYS, accepts)
    if ("username" in table) != (password_key is not None):
        raise Unacceptable("username and password go together", accepts=accepts)
    if password_key is None:
        return TurnServer(urls)
    username = part("username", "a string", lambda: clean(string(table["username"])))
    password = part(password_key, "a string", lambda: clean(string(table[password_key])))
    return TurnServer(urls, username, password)


def _shown_url(url: str) -> str:
    """Read a TURN URI; an error may show it, unlike the credentials beside it."""
    try:
        return turn_uri(url)
    except Unacceptable as fault:
        if url[:4].lower() == "turn":
            fault.shown = wrong_value(url)
        raise


def _plain_turn(server: TurnServer) -> dict[str, object]:
    plain: dict[str, object] = {"urls": list(server.urls)}
    if server.username is not None:
        plain |= {"username": server.username, "password": HIDDEN}
    return plain


def _only_one(table: dict[str, object], names: Sequence[str], accepts: str) -> str | None:
    """Return which of several synonymous names is used; None if none is."""
    used = [name for name in names if name in table]
    if len(used) > 1:
        raise Unacceptable(f"{' and '.join(used)} mean the same", accepts=accepts)
    return used[0] if used else None
