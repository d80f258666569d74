"""Calls between SIP over WebSocket and Janus: descriptions are carried over as they are.

`echo` is the EchoTest, `room` the AudioBridge's room. It knows as much of SIP as its one client,
sipcli, makes it: no digest, no retransmissions, one answer to a request.
"""

import queue
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode, parse
from sipcli.sip.uri import parse_uri
from tests.realpeer.janus import ROOM, Handle, Janus

DOMAIN: Final = "janus.test"
_LIMIT: Final = 10.0
_SDP: Final = ("Content-Type", "application/sdp")
_CONTACT: Final = ("Contact", f"<sip:gateway@{DOMAIN};transport=ws>")


class Gateway:
    """Takes registrations of anybody, and calls; `call` makes one."""

    def __init__(self, janus: Janus) -> None:
        self.janus = janus
        self.over = threading.Event()
        """A call has ended."""
        self._clients: dict[str, tuple[ServerConnection, str]] = {}
        self._calls: dict[str, tuple[Handle, str]] = {}
        """By Call-ID; with the name of what was called."""
        self._answers: queue.SimpleQueue[Response] = queue.SimpleQueue()
        self._server: Server = serve(self._serve, "127.0.0.1", 0, subprotocols=[Subprotocol("sip")])
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def ws_uri(self) -> str:
        """Where it listens."""
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()

    def call(self, user: str) -> None:
        """Have the AudioBridge call a user: the offer is its own. Returns once it is answered."""
        handle = self.janus.attach("audiobridge")
        offer = handle.ask(request="join", room=ROOM, generate_offer=True)
        assert offer.sdp is not None
        connection, contact = self._clients[user]
        call_id = secrets.token_hex(8)
        fields = [
            ("Via", f"SIP/2.0/WS {DOMAIN};branch=z9hG4bK{secrets.token_hex(8)}"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:room@{DOMAIN}>;tag=g"),
            ("To", f"<sip:{user}@{DOMAIN}>"),
            ("Call-ID", call_id),
            ("CSeq", "1 INVITE"),
            _CONTACT,
            _SDP,
        ]
        uri = parse_uri(contact)
        invite = build.request("INVITE", uri, fields, offer.sdp.encode())
        self._calls[call_id] = (handle, "room")
        _send(connection, invite)
        while (answer := self._answers.get(timeout=_LIMIT)).status < 200:
            pass
        assert answer.status == 200, answer
        to = answer.headers.values("To")[0]
        acked = {"Via": f"SIP/2.0/WS {DOMAIN};branch=z9hG4bKa", "To": to, "CSeq": "1 ACK"}
        kept = [(name, acked.get(name, value)) for name, value in fields if name != "Content-Type"]
        _send(connection, build.request("ACK", uri, kept))
        handle.ask("answer", answer.body.decode(), request="configure", muted=False)

    def _serve(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                message = parse(connection.recv(decode=False)).message
                if isinstance(message, Response):
                    self._answers.put(message)
                elif message is not None and message.method != "ACK":
                    _send(connection, self._answer(connection, message))

    def _answer(self, connection: ServerConnection, request: Request) -> Response:
        call_id = request.headers.values("Call-ID")[0]
        if request.method == "REGISTER":
            contact = request.contacts[0]
            self._clients[str(request.to.uri).partition(":")[2].partition("@")[0]] = (
                connection,
                str(contact.uri),
            )
            fields = [("Contact", value) for value in request.headers.values("Contact")]
            return build.response(request, 200, to_tag="g", headers=fields)
        if request.method == "INVITE":
            answer = self._offered(call_id, request)
            return build.response(
                request, 200, to_tag="g", headers=[_CONTACT, _SDP], body=answer.encode()
            )
        if request.method == "BYE":
            self._calls.pop(call_id)[0].detach()
            self.over.set()
        return build.response(request, 200, to_tag="g")

    def _offered(self, call_id: str, request: Request) -> str:
        """Janus' answer to an offer, the first one of a call or another."""
        if call_id not in self._calls:
            name = str(request.to.uri).partition(":")[2].partition("@")[0]
            plugin = {"echo": "echotest", "room": "audiobridge"}[name]
            self._calls[call_id] = (self.janus.attach(plugin), name)
            first = {"request": "join", "room": ROOM}
        else:
            first = {"request": "configure"}
        handle, name = self._calls[call_id]
        body = first if name == "room" else {"audio": True, "video": False}
        sdp = handle.ask("offer", request.body.decode(), **body).sdp
        assert sdp is not None
        return sdp


@contextmanager
def gateway(janus: Janus) -> Iterator[Gateway]:
    """A gateway that listens."""
    made = Gateway(janus)
    try:
        yield made
    finally:
        made.close()


def _send(connection: ServerConnection, message: Request | Response) -> None:
    connection.send(encode(message), text=True)
