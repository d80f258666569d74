"""docs/smoke-tests.md says what the tests of the seeded faults hold."""

from pathlib import Path

from tests.smoke.faults import table

PAGE = Path(__file__).parents[2] / "docs" / "smoke-tests.md"


def test_the_table_of_faults_is_the_one_that_is_tested() -> None:
    assert "\n".join(table()) in PAGE.read_text(encoding="utf-8"), "\n".join(table())
