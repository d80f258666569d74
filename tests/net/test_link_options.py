"""From settings to what dialling needs."""

import ssl
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trustme

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.errors import ConfigError
from sipcli.net.link_options import LinkOptions
from sipcli.sip.uri import SipUri


def settings(**changes: Any) -> Settings:
    uri = SipUri.parse("sip:alice@example.org")
    return Settings(uri=uri, instance_id=UUID(int=1), **changes)


def test_a_dead_link_is_known_within_30_seconds() -> None:
    options = LinkOptions()
    assert options.ping_interval + options.ping_timeout < 30


def test_each_setting_arrives() -> None:
    options = LinkOptions.from_settings(
        settings(
            connect_timeout=3.5,
            origin="https://example.org",
            ws_headers=(("X-A", "1"),),
            user_agent="me/1",
        )
    )
    assert options == LinkOptions(
        connect_timeout=3.5,
        origin="https://example.org",
        headers=(("X-A", "1"),),
        user_agent="me/1",
    )


def test_tls_is_prepared_only_where_it_is_needed() -> None:
    assert LinkOptions.from_settings(settings(ws_servers=(WsServer("ws://a"),))).tls is None
    tls = LinkOptions.from_settings(settings(ws_servers=(WsServer("wss://a"),))).tls
    assert tls is not None
    assert tls.verify_mode is ssl.CERT_REQUIRED
    assert tls.check_hostname


def test_tls_verify_is_obeyed() -> None:
    unverified = settings(ws_servers=(WsServer("wss://a"),), tls_verify=False)
    tls = LinkOptions.from_settings(unverified).tls
    assert tls is not None
    assert tls.verify_mode is ssl.CERT_NONE


def test_tls_files_are_read(tmp_path: Path) -> None:
    ca = trustme.CA()
    leaf = ca.issue_cert("client@example")
    ca.cert_pem.write_to_path(tmp_path / "ca")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "certificate")
    leaf.private_key_pem.write_to_path(tmp_path / "key")
    options = LinkOptions.from_settings(
        settings(
            tls_ca_file=str(tmp_path / "ca"),
            tls_client_certificate=str(tmp_path / "certificate"),
            tls_client_key=str(tmp_path / "key"),
        )
    )
    assert options.tls is not None
    assert len(options.tls.get_ca_certs()) == 1


@pytest.mark.parametrize("key", ["tls_ca_file", "tls_client_certificate", "tls_client_key"])
def test_a_tls_file_that_cannot_be_used_is_an_error_though_no_server_needs_it(key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        LinkOptions.from_settings(settings(**{key: "/nonexistent/file"}))
