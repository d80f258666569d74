"""Patients for the doctor, and what was found of them."""

from typing import Any, TypeVar

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.config.tables import AudioTable
from sipcli.core.requests.credentials import Credentials
from sipcli.doctor.check import ORDER, Check, DoctorReport
from sipcli.doctor.doctor_run import DoctorRun, run_checks
from sipcli.errors import SipcliError
from sipcli.journal.journal import Journal
from tests.core.factories import settings

PATIENCE = 30.0
"""Seconds that any examination here may take."""

Result = TypeVar("Result")


def at(*uris: str, **changes: Any) -> Settings:
    """Alice's settings with these WebSocket servers, without other servers and sound."""
    usual: dict[str, Any] = {
        "ws_servers": tuple(WsServer(uri) for uri in uris),
        "stun_servers": (),
        "audio": AudioTable(input="silence", output="null"),
        "connect_timeout": 3.0,
    }
    return settings(**usual | changes)


class Findings:
    """What one examination has found."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.report = DoctorReport(self.checks.append)

    def the(self, name: str) -> Check:
        """The check of that name."""
        (check,) = (check for check in self.checks if check.name == name)
        return check

    @property
    def outcomes(self) -> dict[str, bool | None]:
        """`ok` by name, in the order told."""
        return {check.name: check.ok for check in self.checks}

    @property
    def failed(self) -> list[str]:
        """The names of the checks that failed."""
        return [check.name for check in self.checks if check.ok is False]

    @property
    def failure(self) -> SipcliError:
        """What the examination amounts to; there has to be a fault."""
        failure = self.report.failure
        assert failure is not None
        return failure


def retry_forever(chosen: Settings, **changes: Any) -> DoctorRun:
    """Alice with these settings."""
    usual: dict[str, Any] = {
        "described": "a test",
        "credentials": Credentials("alice", "open sesame"),
        "journal": Journal(),
        "echo": None,
        "can_ask": False,
    }
    return DoctorRun(settings=chosen, **usual | changes)


async def examined(chosen: Settings, **changes: Any) -> Findings:
    """Examine her, to the end."""
    findings = Findings()
    await run_checks(retry_forever(chosen, **changes), findings.report, lambda _: None)
    assert [check.phase for check in findings.checks] == list(ORDER)
    return findings
