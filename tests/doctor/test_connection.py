"""DNS, TCP, TLS and WebSocket: the step that fails is named, with what was found before it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from websockets.http11 import Response

from sipcli.config.server_settings import WsServer
from sipcli.doctor.connection import Attempt, connection_checks
from sipcli.errors import ConnectError, Phase
from sipcli.net.errors import LinkDetails, Problem
from tests.doctor.doctor_world import Findings, at, examined
from tests.net.certificates import Files, server_context
from tests.net.peers import closed_port, nothing, raw_server, says, sip_server

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(
        ca=trustme.CA(organization_name="Good CA"),
        stranger=trustme.CA(organization_name="Unknown CA"),
        folder=tmp_path_factory.mktemp("certificates"),
    )


async def behind(**more: Any) -> Findings:
    """The examination of a client of a server that is like that, and knows no SIP."""

    async with sip_server(nothing, **more) as port:
        return await examined(at(f"ws://127.0.0.1:{port}", register=False))


async def test_a_wrong_port_fails_in_tcp_and_nothing_that_needs_it_is_run() -> None:
    findings = await examined(at(f"ws://127.0.0.1:{closed_port()}"))
    assert findings.failed == ["tcp"]
    assert findings.the("tcp").detail.endswith("refused the connection")
    assert findings.the("tcp").hint == "is the server running there?"
    not_run = ["tls", "websocket", "registration", "ice", "dtls", "audio"]
    assert [name for name in not_run if findings.the(name).detail.startswith("not run: ")] == (
        not_run
    )
    assert findings.failure.exit_code == ConnectError.exit_code
    assert str(findings.failure).startswith("TCP: 127.0.0.1:")
    assert str(findings.failure).endswith("refused the connection: is the server running there?")


async def test_a_name_that_is_none_fails_in_dns() -> None:
    findings = await examined(at("ws://nowhere.invalid"))
    assert findings.failed == ["dns"]
    assert "nowhere.invalid" in findings.the("dns").detail
    assert findings.failure.phase is Phase.DNS


async def test_a_wrong_path_fails_in_websocket_with_its_status() -> None:
    async with sip_server(nothing, process_request=not_found) as port:
        findings = await examined(at(f"ws://127.0.0.1:{port}/wrong"))
    assert findings.failed == ["websocket"]
    assert findings.the("websocket").detail == "the server answered 404 Not Found"
    assert findings.the("websocket").hint == "check the path in ws_servers"
    assert findings.the("tcp").ok


def not_found(connection: Any, _request: Any) -> Response:
    response: Response = connection.respond(404, "no")
    return response


async def test_a_server_without_the_subprotocol_fails_in_websocket() -> None:
    findings = await behind(subprotocols=None)
    assert findings.failed == ["websocket"]
    assert "did not choose the subprotocol sip" in findings.the("websocket").detail


async def test_a_port_that_speaks_no_http_fails_in_websocket() -> None:
    async with raw_server(says(b"220 mail.example ESMTP\r\n")) as port:
        result = await examined(at(f"ws://127.0.0.1:{port}"))
    assert "220 mail.example" in result.the("websocket").detail


async def secured(files: Files, certificate: trustme.LeafCert, **changes: Any) -> Findings:
    """The examination of a client of a server with that certificate."""

    async with sip_server(nothing, ssl=server_context(certificate)) as port:
        usual = {"tls_ca_file": files.ca_file, "register": False}
        return await examined(at(f"wss://127.0.0.1:{port}", **usual | changes))


async def test_a_good_certificate_is_told_with_the_days_it_has_left(files: Files) -> None:
    until = datetime.now(UTC) + timedelta(days=40, hours=1)
    findings = await secured(files, files.ca.issue_cert("127.0.0.1", not_after=until))
    check = findings.the("tls")
    assert check.ok
    assert check.hint is None
    assert check.detail.startswith("TLSv1.")
    assert "issued by " in check.detail
    assert "Good CA" in check.detail
    assert check.detail.endswith(", 40 days left")


async def test_a_certificate_that_ends_soon_is_a_hint(files: Files) -> None:
    until = datetime.now(UTC) + timedelta(days=3, hours=1)
    check = (await secured(files, files.ca.issue_cert("127.0.0.1", not_after=until))).the("tls")
    assert check.ok
    assert check.hint == f"renew the certificate by {until:%Y-%m-%d}"


async def test_an_expired_certificate_fails_in_tls_and_is_shown(files: Files) -> None:
    expired = files.ca.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO)
    findings = await secured(files, expired)
    check = findings.the("tls")
    assert findings.failed == ["tls"]
    assert check.found[0] == "its certificate expired on 2020-01-02 03:04 UTC"
    assert check.found[1].startswith("it presented a certificate of ")
    assert " days ago" in check.found[1]
    assert check.hint == "renew it"
    assert str(findings.failure) == f"TLS: {check.found[0]}: renew it"


async def test_the_certificate_of_a_foreign_ca_fails_in_tls(files: Files) -> None:
    check = (await secured(files, files.stranger.issue_cert("127.0.0.1"))).the("tls")
    assert check.ok is False
    assert "Unknown CA" in check.detail
    assert check.hint == "set tls_ca_file to that CA's certificate"


async def test_the_certificate_of_another_host_fails_in_tls(files: Files) -> None:
    check = (await secured(files, files.ca.issue_cert("sip.example.org"))).the("tls")
    assert check.ok is False
    assert "is for sip.example.org, not for 127.0.0.1" in check.detail
    assert check.hint == "use its name in ws_servers"


async def test_an_unchecked_certificate_is_a_hint(files: Files) -> None:
    check = (await secured(files, files.stranger.issue_cert("b.example"), tls_verify=False)).the(
        "tls"
    )
    assert check.ok
    assert "tls_verify = false" in str(check.hint)


async def test_without_tls_there_is_nothing_to_look_at() -> None:
    check = (await behind()).the("tls")
    assert check.ok is None
    assert check.detail == "not used with ws:"


async def test_one_dead_server_of_two_is_a_fault_and_the_other_is_used() -> None:
    dead = f"ws://127.0.0.1:{closed_port()}"
    async with sip_server(nothing) as port:
        chosen = at(dead, f"ws://127.0.0.1:{port}", register=False)
        (findings, dead) = await examined(chosen), dead
    check = findings.the("tcp")
    assert findings.failed == ["tcp"]
    assert check.found[0].startswith(f"{dead}: ")
    assert len(check.found) == 2
    assert findings.the("websocket").ok
    assert findings.the("registration").detail.startswith("not run: register is off")


def attempt(uri: str = "wss://sip.example", **changes: Any) -> Attempt:
    server = WsServer(uri)
    usual: dict[str, Any] = {
        "server": uri,
        "addresses": ("192.0.2.1:443", "[2001:db8::1]:443"),
        "peer_address": "192.0.2.1:443",
        "tls_version": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "subprotocol": "sip",
        "http_server": "PBX",
        "elapsed_ms": tuple(
            (step, 1.4) for step in (Phase.DNS, Phase.TCP, Phase.TLS, Phase.HTTP, Phase.SUBPROTOCOL)
        ),
    }
    return Attempt(server, LinkDetails(**usual | changes))


def test_each_step_tells_what_it_brought() -> None:
    details = [check.detail for check in connection_checks([attempt()], NOW)]
    assert details == [
        "sip.example resolves to 192.0.2.1:443, [2001:db8::1]:443 (1 ms)",
        "192.0.2.1:443 (1 ms)",
        "TLSv1.3, TLS_AES_256_GCM_SHA384",
        "subprotocol sip, by PBX (1 ms)",
    ]


def test_through_a_proxy_it_is_the_proxy_that_is_reached() -> None:
    proxied = attempt(proxy="10.0.0.1:3128", addresses=(), peer_address=None)
    details = [check.detail for check in connection_checks([proxied], NOW)]
    assert details[0] == "the proxy 10.0.0.1:3128 looks up sip.example"
    assert details[1] == "through the proxy 10.0.0.1:3128 (from the environment)"


@pytest.mark.parametrize("step", [Phase.DNS, Phase.TCP, Phase.TLS, Phase.WEBSOCKET])
def test_a_fault_without_a_cure_gets_the_one_of_its_step(step: Phase) -> None:
    good = attempt()
    failed = Attempt(good.server, good.details, step, Problem("it is broken"))
    checks = {check.phase: check for check in connection_checks([failed], NOW)}
    assert checks[step].ok is False
    assert checks[step].detail == "it is broken"
    assert checks[step].hint
    later = list(checks)[list(checks).index(step) + 1 :]
    assert all(checks[phase].ok is None for phase in later)
