"""What L1 types into a contract, and how others read it in their language."""

from typing import Any

import pytest
from django.utils import translation

from escalations import contract
from escalations.models import ContractForm


def _field(kind: str) -> dict[str, Any]:
    return {"key": "x", "type": kind, "label": {"en": "It", "es": "Eso"}}


def _kept(kind: str, typed: str) -> Any:
    return contract.clean(ContractForm(fields=[_field(kind)]), {"x": typed})["x"]


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("1250 PHP", 125_000),
        ("12.5 eur", 1_250),
        ("12,50 EUR", 1_250),
        ("800 JPY", 800),
        ("1.250 KWD", 1_250),
    ],
)
def test_an_amount_is_typed_with_point_or_comma(typed: str, minor: int) -> None:
    assert _kept("money", typed) == {"amount": minor, "currency": typed[-3:].upper()}


@pytest.mark.parametrize("typed", ["1,250 PHP", "1.250 COP", "1.000 JPY", "1.250,00 EUR", "12.345 USD"])
def test_separated_thousands_are_not_taken_for_decimals(typed: str) -> None:
    with pytest.raises(contract.Invalid):
        _kept("money", typed)


@pytest.mark.parametrize(
    ("kind", "typed", "english", "spanish"),
    [
        ("money", "311200.5 COP", "311,200.50 COP", "311\xa0200,50 COP"),
        ("money", "800 JPY", "800 JPY", "800 JPY"),
        ("number", "3.5", "3.5", "3,5"),
        ("date", "2026-11-19", "19 Nov 2026", "19 nov 2026"),
    ],
)
def test_an_answer_reads_as_its_reader_writes(kind: str, typed: str, english: str, spanish: str) -> None:
    kept = _kept(kind, typed)
    assert contract.as_text(_field(kind), kept) == english
    with translation.override("es"):
        assert contract.as_text(_field(kind), kept) == spanish


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_amount_shown_for_editing_reads_back_as_itself(language: str) -> None:
    kept = _kept("money", "311200.5 COP")
    with translation.override(language):
        assert _kept("money", contract.typed_amount(kept)) == kept
