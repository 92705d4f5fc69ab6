"""Texts are found in Python and templates, and a missing or broken translation is named."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog

BASE_DIR = Path(__file__).resolve().parents[2]


@pytest.fixture
def messages(tmp_path, monkeypatch) -> ModuleType:
    """The program bin/messages, on a small project of its own."""
    loader = importlib.machinery.SourceFileLoader("messages", str(BASE_DIR / "bin" / "messages"))
    spec = importlib.util.spec_from_loader("messages", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "BASE_DIR", tmp_path)
    (tmp_path / "accounts").mkdir()
    (tmp_path / "templates").mkdir()
    return module


def test_texts_are_found_wherever_they_stand(messages, tmp_path):
    (tmp_path / "accounts" / "people.py").write_text(
        "from x import gettext_lazy as _, ngettext, pgettext\n"
        '_("A person")\nngettext("%(n)d day", "%(n)d days", n)\npgettext("month", "May")\n_(variable)\n'
    )
    (tmp_path / "templates" / "page.html").write_text(
        """{% load i18n %}
        <p title="{% translate "Näme" %}">don't "quote {{ _("In a filter")|upper }}
          {% blocktranslate trimmed count n=n %}
            One of {{ name }}
          {% plural %}
            {{ n }} of {{ name }}
          {% endblocktranslate %}</p>"""
    )
    found = {(message.context, message.id) for message in messages.collect() if message.id}
    assert found == {
        (None, "A person"),
        (None, ("%(n)d day", "%(n)d days")),
        ("month", "May"),
        (None, "Näme"),
        (None, "In a filter"),
        (None, ("One of %(name)s", "%(n)s of %(name)s")),
    }


@pytest.mark.parametrize(
    ("text", "translation", "flags", "said"),
    [
        ("Queue", "Cola", (), None),
        ("Queue", "", (), 'missing: "Queue" (accounts/q.py)'),
        ("Queue", "Cola", ("fuzzy",), 'doubtful (marked fuzzy): "Queue" (accounts/q.py)'),
        ("%(n)s late", "%(m)s tarde", (), 'wrong: "%(n)s late" (accounts/q.py)'),
        ("{time} left", "quedan {tiempo}", (), 'wrong: "{time} left" (accounts/q.py): {tiempo}, {time}'),
        ("%(a)s of %(b)s", "%(a)s", (), 'wrong: "%(a)s of %(b)s" (accounts/q.py): %(b)s'),
        ("<b>Sent</b>", "Enviado", (), 'wrong: "<b>Sent</b>" (accounts/q.py): </b>, <b>'),
        (("One", "%(n)s things"), ("Una", "Varias"), (), 'wrong: "One" (accounts/q.py): %(n)s'),
        (("%(n)s day", "%(n)s days"), ("Un día", "%(n)s días"), (), 'wrong: "%(n)s day" (accounts/q.py): %(n)s'),
        (("One", "%(n)s things"), ("Hay %(n)s", "Hay %(n)s"), (), None),
        (("%(n)s day", "%(n)s days"), ("%(n)s día", ""), (), 'missing: "%(n)s day" (accounts/q.py)'),
    ],
)
def test_the_check_names_what_is_wrong(messages, text, translation, flags, said):
    wanted, catalog = Catalog(), Catalog(locale="es")
    wanted.add(text, locations=[("accounts/q.py", 0)])
    catalog.add(text, translation, flags=flags)
    found = list(messages.troubles(catalog, wanted))
    assert (not found) if said is None else (len(found) == 1 and found[0].startswith(said))


def test_a_text_that_the_catalogue_lacks_is_missing(messages):
    wanted = Catalog()
    wanted.add("New", locations=[("templates/new.html", 0)])
    assert list(messages.troubles(Catalog(locale="es"), wanted)) == ['missing: "New" (templates/new.html)']
