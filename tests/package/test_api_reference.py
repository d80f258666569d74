"""The reference of the Python API is that of the docstrings."""

from pathlib import Path

from scripts.api_reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "make example"


def test_it_has_the_methods_their_defaults_and_their_docstrings() -> None:
    page = reference()
    assert "- `await wait_for_answer(*, timeout: float=10.0) -> None`" in page
    assert "- `hold(*, timeout: float=10.0) -> CallAction[None]`\n\n  Put the far end" in page
    assert "### CallEnded\n\nThe call has ended" in page
    assert "_note" not in page
