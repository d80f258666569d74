"""What each error ends with, and how it reads."""

import re
from pathlib import Path

import pytest

from sipcli import errors
from sipcli.errors import EXIT_CODES, ConfigError, ConnectError, Phase, SipcliError

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


def test_each_exit_code_has_a_meaning() -> None:
    assert set(EXIT_CODES) == {0, *(kind.exit_code for kind in KINDS)}


@pytest.mark.parametrize("page", ["README.md", "docs/contract.md"])
def test_pages_say_what_each_exit_code_means(page: str) -> None:
    text = (Path(__file__).parents[1] / page).read_text("utf-8").replace("`", "")
    told = {
        int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.*) \|$", text, re.M)
    }
    assert list(told) == list(EXIT_CODES)
    for code, meaning in EXIT_CODES.items():
        if page == "README.md":
            assert told[code] == meaning
        else:  # the contract goes into more detail
            assert meaning in re.sub(r" \(.*?\)", "", told[code])


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
