"""Our identity on the wire: From, Contact, Via, Route (RFC 3261 §8.1.1, 5626, 5627, 7118)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sipcli.config.account import ANONYMOUS_HOST
from sipcli.config.settings import Settings
from sipcli.core.connection.flow import Flow
from sipcli.sip.address import Address
from sipcli.sip.params import Params
from sipcli.sip.uri import SipUri, Uri

NewId: TypeAlias = Callable[[], str]
"""A source of fresh identifiers: at least 128 bits of randomness each, in letters and digits."""

TAG_LENGTH: Final = 10
MAX_GRUUS: Final = 1000
"""Most GRUUs recognised as ours; a refresh every ten minutes fills that in a week."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Data that the registrar granted with a binding; empty without one."""

    pub_gruu: str | None = None
    """RFC 5627 §3.1: reaches this instance, shows who we are."""
    temp_gruu: str | None = None
    """RFC 5627 §3.1: reaches this instance, hides who we are."""
    service_routes: tuple[Address, ...] = ()
    """RFC 3608: the route for our requests."""
    outbound: bool = False
    """True if the registrar supports RFC 5626 for us."""


class Identity:
    """The address of record and everything derived from it, for the life of one phone."""

    def __init__(self, settings: Settings, new_id: NewId) -> None:
        self._settings = settings
        self._new_id = new_id
        self.aor: SipUri = settings.uri
        host = _random_host(settings, new_id())
        self._host = host
        self.contact: SipUri = SipUri(
            scheme="sip",
            user=new_id()[:TAG_LENGTH],
            host=host,
            params=Params().with_("transport", settings.contact_transport),
        )
        """Our Contact: its host never resolves, requests come over our connection (RFC 7118 §5)."""
        self._granted = Granted()
        self._gruu_users: dict[str, None] = {}
        """User parts of the GRUUs granted since the registration began, the oldest first."""

    @property
    def granted(self) -> Granted:
        """The registrar's latest grant."""
        return self._granted

    @granted.setter
    def granted(self, granted: Granted) -> None:
        """Each refresh brings a new temporary GRUU, and the earlier ones still reach us until
        the registration ends (RFC 5627 §3.1.2)."""
        self._granted = granted
        gruus = [gruu for gruu in (granted.pub_gruu, granted.temp_gruu) if gruu is not None]
        for user in filter(None, map(_user_of, gruus)):
            self._gruu_users.pop(user, None)
            self._gruu_users[user] = None
        while len(self._gruu_users) > MAX_GRUUS:
            del self._gruu_users[next(iter(self._gruu_users))]

    def lose_grants(self) -> None:
        """The registration is over: forget all that it granted."""
        self._granted = Granted()
        self._gruu_users.clear()

    def new_id(self) -> str:
        """A fresh identifier for a Call-ID, a branch or the like."""
        return self._new_id()

    def new_tag(self) -> str:
        """A fresh tag for From or To (RFC 3261 §19.3)."""
        return self._new_id()[:TAG_LENGTH]

    def from_address(self, tag: str) -> Address:
        """The From of requests that show who we are."""
        params = Params().with_("tag", tag)
        return Address(self.aor, self._settings.display_name or None, params)

    def anonymous_address(self, tag: str) -> Address:
        """The From of requests that hide who we are (RFC 3323 §4.1.1.3)."""
        params = Params().with_("tag", tag)
        return Address(SipUri(user="anonymous", host=ANONYMOUS_HOST), "Anonymous", params)

    def via(self, flow: Flow) -> str:
        """A Via value with a fresh branch (RFC 3261 §8.1.1.7, RFC 7118 §5.2.4)."""
        transport = "WSS" if flow.server.secure else "WS"
        if self._settings.hack_via_tcp:
            transport = "TCP"
        return f"SIP/2.0/{transport} {self._host};branch=z9hG4bK{self._new_id()}"

    def register_contact(self, expires: int, *, outbound: bool) -> str:
        """The Contact of a REGISTER (RFC 5626 §4.2); never a GRUU (RFC 5627 §4.1)."""
        params = Params()
        if outbound:
            params = params.with_("reg-id", "1")
        instance = f"<urn:uuid:{self._settings.instance_id}>"
        params = params.with_("+sip.instance", instance, quoted=True)
        return str(Address(self.contact, None, params.with_("expires", str(expires))))

    @property
    def instance(self) -> str:
        """The value of +sip.instance, brackets included (RFC 5626 §4.1)."""
        return f"<urn:uuid:{self._settings.instance_id}>"

    def dialog_contact(self, *, sips: bool = False) -> str:
        """The Contact of requests that open a dialog: the public GRUU where we hold one."""
        contact = self.contact
        if self.granted.pub_gruu is not None:
            contact = SipUri.parse(self.granted.pub_gruu)
        elif self.granted.outbound:  # asks the edge to keep the dialog on this flow (RFC 5626 §4.3)
            contact = replace(contact, params=contact.params.with_("ob", None))
        return f"<{_of_kind(contact, sips=sips)}>"

    def anonymous_contact(self, *, sips: bool = False) -> str:
        """The Contact of an anonymous call: it reaches us and shows nothing (RFC 5627 §5.3)."""
        gruu = self.granted.temp_gruu
        contact = self.contact if gruu is None else SipUri.parse(gruu)
        return f"<{_of_kind(contact, sips=sips)}>"

    def routes(self, flow: Flow, *, register: bool) -> list[Address]:
        """The route set of a request outside dialogs: the preloaded one, then Service-Route.

        A REGISTER takes no Service-Route (RFC 3608 §6.1).
        """
        routes = []
        if self._settings.use_preloaded_route:
            port = f":{flow.server.port}" if flow.server.has_port else ""
            routes.append(Address.parse(f"<sip:{flow.server.host}{port};lr;transport=ws>"))
        if not register:
            routes += self.granted.service_routes
        return routes

    def is_us(self, uri: Uri) -> bool:
        """True if a Request-URI names us: by its user part alone, since proxies rewrite hosts."""
        if not isinstance(uri, SipUri) or uri.user is None:
            return False
        return uri.user in (self.aor.user, self.contact.user) or uri.user in self._gruu_users


def _random_host(settings: Settings, seed: str) -> str:
    """The host of Via and Contact: a name that cannot resolve, or an address of TEST-NET-1."""
    if settings.hack_ip_in_contact:
        return f"192.0.2.{1 + int.from_bytes(seed.encode(), 'big') % 254}"
    return f"{seed[:12].lower()}.invalid"


def _user_of(gruu: str) -> str | None:
    return SipUri.parse(gruu).user


def _of_kind(uri: SipUri, *, sips: bool) -> SipUri:
    return replace(uri, scheme="sips") if sips else uri
