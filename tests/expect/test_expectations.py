"""The catalogue of expectations: what is declared can be asked for, and stands in the contract."""

from dataclasses import fields
from pathlib import Path

import click
import pytest

from sipcli.cli.commands.call import call
from sipcli.cli.commands.listen import listen
from sipcli.cli.expect_options import EXPECT_OPTIONS, read_expectation
from sipcli.expect.expectations import EXPECTATIONS, Expectation, Expectations, unreached

CONTRACT = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
DECLARED = EXPECTATIONS.values()
EXAMPLES = {"audio": "both", "dtmf": "42"}
"""Script values; any number serves all others."""


def test_names_and_words_are_used_once() -> None:
    assert len({each.name for each in DECLARED}) == len(DECLARED) == len(fields(Expectations))
    assert len({each.word for each in DECLARED}) == len(DECLARED)
    assert len(EXPECT_OPTIONS) == len(DECLARED) + 1  # --junit


@pytest.mark.parametrize("expectation", DECLARED, ids=lambda each: each.word)
def test_the_contract_names_the_option_and_the_script_word(expectation: Expectation) -> None:
    rows = [line.split(" | ")[0] for line in CONTRACT.splitlines() if line.startswith("| `--")]
    assert any(f"`{expectation.option} " in row for row in rows)
    words = CONTRACT.partition("- `expect ")[2].partition("\n- ")[0]
    assert f"`{expectation.word} " in f"`{words}"


@pytest.mark.parametrize(("field", "expectation"), EXPECTATIONS.items(), ids=EXPECTATIONS)
def test_a_script_can_ask_for_each_and_gets_a_verdict(field: str, expectation: Expectation) -> None:
    word = expectation.word
    value = EXAMPLES.get(word, "200" if word in ("status", "tone") else "3")
    wanted = read_expectation(f"{word.upper()} {value}")
    assert getattr(wanted, field) is not None
    (verdict,) = unreached(wanted, "there is no call")
    assert (verdict.name, verdict.met, verdict.reached) == (expectation.name, False, False)


@pytest.mark.parametrize("command", [call, listen], ids=["call", "listen"])
def test_no_expectation_takes_the_parameter_of_another_option(command: click.Command) -> None:
    names = [parameter.name for parameter in command.params]
    assert sorted(names) == sorted(set(names))
