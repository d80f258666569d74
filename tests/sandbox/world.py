"""A proxy with clients that are driven by hand: no sockets, and a clock that stands still."""

from itertools import count
from typing import Any

from sipcli.config.server_settings import WsServer
from sipcli.core.connection.flow import Flow
from sipcli.core.requests.credentials import Authenticator, AuthRefused, Credentials
from sipcli.sandbox.names import DOMAIN
from sipcli.sandbox.proxy import Proxy
from sipcli.sip import build
from sipcli.sip.address import Address
from sipcli.sip.message import Request, Response
from sipcli.sip.params import Params
from sipcli.sip.parser import encode, parse
from sipcli.sip.uri import parse_uri

SERVER = WsServer("ws://127.0.0.1:5062")
PASSWORDS = {user: f"{user}-secret" for user in ("alice", "bob", "carol")}


class World:
    """One proxy and whoever is connected to it."""

    def __init__(self, most_requests: int = 1000) -> None:
        numbers = count(1)
        self.sent: list[Request | Response] = []
        """All SIP messages that the proxy has sent."""
        self.now = 1000.0
        self.proxy = Proxy(
            PASSWORDS,
            lambda: f"id{next(numbers)}",
            b"k" * 32,
            most_requests=most_requests,
        )
        self.clients: list[Client] = []
        self.numbers = numbers

    def connect(self, user: str = "alice") -> "Client":
        client = Client(self, user, Flow(len(self.clients) + 1, SERVER))
        self.clients.append(client)
        self.proxy.opened(client.flow)
        return client

    def phone(self, user: str, **kinds: Any) -> "Client":
        """A client that has registered."""
        client = self.connect(user)
        assert client.register(**kinds).status == 200
        return client

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.proxy.tick(self.now)
        self.deliver()

    def deliver(self) -> None:
        for flow, data in self.proxy.take_outgoing():
            client = self.clients[flow.number - 1]
            assert client.is_open, "sent to a connection that is gone"
            message = parse(data).message
            if message is not None:
                self.sent.append(message)
            if isinstance(message, Request):
                client.requests.append(message)
            elif isinstance(message, Response):
                client.responses.append(message)
            else:
                client.other.append(data)


class Client:
    """One connection; `requests` and `responses` are what came over it and was not taken."""

    def __init__(self, world: World, user: str, flow: Flow) -> None:
        self.world = world
        self.user = user
        self.flow = flow
        self.is_open = True
        self.contact = f"sip:{user}-{flow.number}@x{flow.number}.invalid;transport=ws"
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self.other: list[bytes] = []
        self.latest: Request
        """What was sent last."""
        self.authenticator = Authenticator(
            Credentials(user, PASSWORDS.get(user, "none")), lambda: "cnonce"
        )
        self._numbers = count(1)

    # What it does

    def send(self, message: Request | Response | bytes) -> None:
        data = message if isinstance(message, bytes) else encode(message)
        if isinstance(message, Request):
            self.latest = message
        self.world.proxy.received(self.flow, data, self.world.now)
        self.world.deliver()

    def close(self) -> None:
        self.is_open = False
        self.world.proxy.closed(self.flow, self.world.now)
        self.world.deliver()

    def request(
        self,
        method: str,
        target: str,
        *headers: tuple[str, str],
        to: str | None = None,
        sender: str | None = None,
        call_id: str | None = None,
        cseq: int | None = None,
        body: bytes = b"",
    ) -> Request:
        number = next(self._numbers)
        fields = [
            ("Via", self.via()),
            ("Max-Forwards", "70"),
            ("To", to or f"<{target}>"),
            ("From", f"<{sender or f'sip:{self.user}@{DOMAIN}'}>;tag={self.user}"),
            ("Call-ID", call_id or f"call-{self.flow.number}-{number}"),
            ("CSeq", f"{cseq or number} {method}"),
            *headers,
        ]
        given = {name.lower() for name, _ in headers}
        fields = [
            field
            for index, field in enumerate(fields)
            if index >= 6 or field[0].lower() not in given
        ]
        return build.request(method, parse_uri(target), fields, body)

    def via(self) -> str:
        return f"SIP/2.0/WS c{self.flow.number}.invalid;branch=z9hG4bK{next(self.world.numbers)}"

    def ask(self, request: Request) -> Response | None:
        """Send a request, and again with credentials where they are asked for."""
        session = self.authenticator.session()
        self.send(self.authenticator.authorize(request))
        if not self.responses or self.responses[-1].status not in (401, 407):
            return self.responses.pop() if self.responses else None
        answer = session.answer(request, self.responses.pop())
        assert not isinstance(answer, AuthRefused), answer
        headers = answer.headers.replaced("Via", self.via())
        headers = headers.replaced("CSeq", f"{request.cseq.number + 1} {request.method}")
        self.send(answer.replacing(headers=headers))
        return self.responses.pop() if self.responses else None

    def register(
        self,
        *headers: tuple[str, str],
        expires: int = 600,
        instance: str | None = None,
        reg_id: int = 1,
        contact: str | None = None,
        call_id: str | None = None,
        cseq: int | None = None,
    ) -> Response:
        params = Params().with_("expires", str(expires))
        if instance is not None:
            params = params.with_("reg-id", str(reg_id))
            params = params.with_("+sip.instance", f"<{instance}>", quoted=True)
        aor = f"sip:{self.user}@{DOMAIN}"
        address = Address(parse_uri(contact or self.contact), None, params)
        request = self.request(
            "REGISTER",
            f"sip:{DOMAIN}",
            ("Contact", str(address)),
            ("Supported", "gruu, outbound, path"),
            *headers,
            to=f"<{aor}>",
            call_id=call_id,
            cseq=cseq,
        )
        response = self.ask(request)
        assert response is not None
        return response

    def invite(self, target: str, *headers: tuple[str, str]) -> Request:
        """Send an INVITE that is let through; returns it as it went out."""
        request = self.request(
            "INVITE", target, ("Contact", f"<{self.contact}>"), *headers, body=b"v=0"
        )
        response = self.ask(request)
        assert response is not None
        assert response.status == 100
        return self.latest

    def answer(
        self, request: Request, status: int, *headers: tuple[str, str], body: bytes = b""
    ) -> Response:
        """Answer as a phone does: with its tag, its Contact and the Record-Routes."""
        fields = [("Record-Route", str(route)) for route in request.record_routes]
        fields += [("Contact", f"<{self.contact}>"), *headers]
        response = build.response(
            request, status, to_tag=f"tag{self.flow.number}", headers=fields, body=body
        )
        self.send(response)
        return response

    # What came

    def took(self, method: str) -> Request:
        """The one request that came, which is a `method`."""
        assert [request.method for request in self.requests] == [method]
        return self.requests.pop()

    def heard(self) -> list[int]:
        """The statuses that came, the oldest first."""
        statuses = [response.status for response in self.responses]
        self.responses.clear()
        return statuses
