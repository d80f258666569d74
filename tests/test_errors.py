"""What each error ends with, and how it reads."""

import pytest

from sipcli import errors
from sipcli.errors import ConfigError, ConnectError, Phase, SipcliError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, SipcliError)
]


def test_each_kind_has_the_exit_code_of_the_contract() -> None:
    codes = {kind.__name__: kind.exit_code for kind in KINDS}
    assert codes == {
        "SipcliError": 1,
        "ConfigError": 2,
        "ConnectError": 3,
        "RegistrationError": 4,
        "MissingPassword": 4,
        "RefusedError": 5,
        "NoAnswerError": 6,
        "MediaError": 7,
        "ExpectationError": 8,
        "DeviceError": 9,
        "Interrupted": 130,
    }


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.CONFIGURATION}))
def test_the_sentence_begins_with_the_phase(phase: Phase) -> None:
    error = SipcliError("it failed", phase)
    assert str(error) == f"{phase}: it failed"
    assert error.text == "it failed"


def test_whoever_raises_it_may_know_the_phase_better() -> None:
    assert ConnectError("lost").phase is Phase.WEBSOCKET
    assert str(ConnectError("refused", Phase.TCP)) == "TCP: refused"


def test_what_is_wrong_with_the_configuration_begins_with_its_place() -> None:
    error = ConfigError("config.toml:3: port: no such key")
    assert str(error) == "config.toml:3: port: no such key"
    assert error.phase is Phase.CONFIGURATION


def test_what_has_no_phase_is_only_said() -> None:
    assert str(SipcliError("a bug")) == "a bug"
