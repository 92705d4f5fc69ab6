"""Errors carry sentences in the reader's language; stored texts come in both languages."""

from types import SimpleNamespace

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from common import clock
from common.errors import DomainError, NotAllowed, Refused, StaleVersion
from common.language import localized


def test_a_refusal_names_the_field_to_mend():
    with pytest.raises(Refused, match="Too long") as caught:
        raise Refused("Too long.", field="subject")
    assert caught.value.field == "subject"
    assert isinstance(caught.value, DomainError)


def test_a_stale_version_carries_what_is_stored_now():
    current = SimpleNamespace(version=2)
    with pytest.raises(StaleVersion) as caught:
        raise StaleVersion("Somebody changed it.", current=current)
    assert caught.value.current is current


def test_a_lazy_message_is_rendered_in_the_readers_language():
    error = NotAllowed(gettext_lazy("Yes"))  # Django's own catalogue knows this one
    with translation.override("es"):
        assert str(error) == "Sí"


@pytest.mark.parametrize(
    ("language", "name_es", "shown"),
    [
        ("en", "Tarjeta", "Card"),
        ("es", "Tarjeta", "Tarjeta"),
        ("es-mx", "Tarjeta", "Tarjeta"),
        ("es", "", "Card"),
    ],
)
def test_localized_falls_back_to_english(language, name_es, shown):
    with translation.override(language):
        assert localized(SimpleNamespace(name="Card", name_es=name_es), "name") == shown


def test_the_clock_is_aware_and_in_utc():
    assert clock.now().utcoffset().total_seconds() == 0
