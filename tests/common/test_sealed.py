"""Sealed secrets open where they were sealed, by the key that sealed them, and nowhere else."""

import json

import pytest

from common import sealed
from redaction import clean

OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


def test_it_opens_in_its_place_alone(settings):
    settings.SECRETS_KEYS = OLD
    kept = sealed.seal("sk_live_ä", "environment:1:KEY")
    assert "sk_live" not in kept
    assert kept != sealed.seal("sk_live_ä", "environment:1:KEY")
    assert sealed.open_(kept, "environment:1:KEY") == "sk_live_ä"
    for broken, place in ((kept, "environment:2:KEY"), (kept[:-4] + "AAA=", "environment:1:KEY"), ("x", "")):
        with pytest.raises(sealed.Unreadable):
            sealed.open_(broken, place)


def test_it_is_taken_for_no_key_and_no_card(settings):
    settings.SECRETS_KEYS = {"2027": b"k" * 32}
    for number in range(50):
        kept = json.dumps({"API_KEY": sealed.seal("4111111111111111", str(number))})
        assert clean(kept) == kept


def test_another_first_key_still_opens_what_the_old_one_sealed(settings):
    settings.SECRETS_KEYS = OLD
    kept = sealed.seal("secret", "here")
    settings.SECRETS_KEYS = NEW | OLD
    assert sealed.open_(kept, "here") == "secret"
    assert sealed.seal("secret", "here").startswith("gogfhh:")
    settings.SECRETS_KEYS = NEW
    with pytest.raises(sealed.Unreadable):
        sealed.open_(kept, "here")
