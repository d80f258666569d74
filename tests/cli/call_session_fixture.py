"""Fake calls and a fake call session, which record what is asked of them."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, cast

from sipcli.cli.call_session import CallSession
from sipcli.cli.output.call_line import CallLine
from sipcli.cli.output.wording import Line
from sipcli.config.policies import Permission
from sipcli.errors import DeviceError
from sipcli.phone.events import RedirectRequested, TransferRequested
from sipcli.phone.registration_status import RegistrationStatus
from sipcli.sip.uri import SipUri, Uri

ASKED: Final = TransferRequested(
    call="1",
    target=SipUri.parse("sip:carol@example.com"),
    referred_by=None,
    decision=Permission.ASK,
)
MOVED: Final = RedirectRequested(
    call="1",
    target=SipUri.parse("sip:carol@example.com"),
    status=302,
    decision=Permission.ASK,
)


@dataclass(eq=False)
class FakeCall:
    """A call, as far as commands and screens use it."""

    remote: str = "sip:bob@example.com"
    is_answered: bool = False
    is_ringing: bool = False
    is_incoming: bool = False
    wants_hold: bool = False
    is_held_by_remote: bool = False
    is_muted: bool = False
    display_name: str | None = None
    duration_s: float = 0.0
    codec: str | None = "opus"
    stats: Any = None
    did: list[str] = field(default_factory=list)
    media: Any = None
    transfer_request: TransferRequested | None = None
    redirect_request: RedirectRequested | None = None
    has_device: bool = True

    @property
    def question(self) -> TransferRequested | RedirectRequested | None:
        return self.transfer_request or self.redirect_request

    def hold(self, **_: float) -> None:
        self.wants_hold = True
        self.did.append("hold")

    def resume(self, **_: float) -> None:
        self.wants_hold = False
        self.did.append("resume")

    def mute(self) -> None:
        self.is_muted = True
        self.did.append("mute")

    def unmute(self) -> None:
        self.is_muted = False
        self.did.append("unmute")

    def send_dtmf(self, digits: str, method: str) -> None:
        assert method == "auto"
        self.did.append(f"dtmf {digits}")

    def transfer(self, target: Uri, **_: float) -> None:
        self.did.append(f"transfer {target}")

    def accept_transfer(self, **_: float) -> None:
        self._open_device()
        self.did.append("accept-transfer")

    def refuse_transfer(self) -> None:
        self.did.append("refuse-transfer")

    def accept_redirect(self) -> None:
        self.did.append("accept-redirect")

    def refuse_redirect(self) -> None:
        self.did.append("refuse-redirect")

    def hang_up(self, **_: float) -> None:
        self.did.append("hangup")

    def reject(self, status: int, **_: float) -> None:
        self.did.append(f"reject {status}")

    def answer(self, **_: float) -> None:
        self._open_device()
        self.is_ringing = False
        self.did.append("answer")

    def _open_device(self) -> None:
        if not self.has_device:
            raise DeviceError("the microphone is gone")


class FakeCallSession:
    """A phone and a screen."""

    def __init__(
        self, *calls: FakeCall, current: FakeCall | None = None, has_keys: bool = True
    ) -> None:
        self.calls = calls
        self.has_keys = has_keys
        self.call_line: CallLine | None = None
        self.current = current or (calls[0] if calls else None)
        self.said: list[str] = []
        self.asked: list[str | None] = []
        self.registration = RegistrationStatus(registers=True)

    @property
    def ringing(self) -> FakeCall | None:
        return next((call for call in self.calls if call.is_ringing), None)

    @property
    def asking(self) -> FakeCall | None:
        return next((call for call in self.calls if call.question is not None), None)

    @property
    def call_session(self) -> CallSession:
        """The fake as the type that the commands take."""
        screen = SimpleNamespace(
            say=lambda what: self.said.append(what.text if isinstance(what, Line) else what),
            error=self.said.append,
            ask=self.asked.append,
        )
        settings = SimpleNamespace(uri=SipUri.parse("sip:alice@example.com"))
        session = SimpleNamespace(screen=screen, settings=settings)
        fake = SimpleNamespace(
            session=session,
            phone=self,
            dtmf_method="auto",
            has_keys=self.has_keys,
            call_line=self.call_line,
        )
        return cast(CallSession, fake)
