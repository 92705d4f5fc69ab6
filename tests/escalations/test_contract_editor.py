"""Editing what a category asks, through the front door."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from escalations import contract
from escalations.forms.contract_editor import ContractEditor
from escalations.forms.contract_texts import read_choices, write_choices
from escalations.models import Category, ContractForm
from events.models import Event
from tests.escalations.desk import Desk
from tests.factories import UserFactory
from tests.robustness.forms import forms_of

KEY = "transaction_failure"
ADDRESS = f"/setup/categories/{KEY}/form/"


@pytest.fixture
def admin(desk: Desk) -> User:
    user: User = UserFactory.create(name="Ada Admin", is_staff=True, is_superuser=True)
    return user


@pytest.fixture
def ada(admin: User) -> Client:
    return signed_in(admin)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def category() -> Category:
    return Category.objects.get(key=KEY)


def current() -> ContractForm:
    form = category().current_form
    assert form is not None
    return form


def shown(key: str = KEY) -> dict[str, Any]:
    """Return what a browser would send of the page as it stands."""
    editor = ContractEditor(list(Category.objects.get(key=key).forms.order_by("-version")), fills=True)
    sent: dict[str, Any] = {"version": str(editor.version), "card": [card.mark for card in editor.cards]}
    for card in editor.cards:
        for name in card.fields:
            value = card[name].value()
            if value or name != "required":
                sent[f"{card.mark}-{name}"] = "on" if value is True else value or ""
    return sent


def card(label: str, mark: str = "new-1", **values: Any) -> dict[str, Any]:
    return {f"{mark}-label_en": label, f"{mark}-type": "text"} | {
        f"{mark}-{name}": value for name, value in values.items()
    }


def preview_of(content: str) -> str:
    return content.partition('id="form-preview"')[2].partition("</form>")[0]


def cards_of(content: bytes) -> list[str]:
    return re.findall(r'name="card" value="([^"]+)"', content.decode())


def test_every_seeded_form_survives_the_editor_unchanged(desk: Desk, ada: Client) -> None:
    for one in Category.objects.all():
        before = one.current_form
        assert before is not None
        answer = ada.post(reverse("edit_category_form", args=[one.key]), shown(one.key))
        assert answer.status_code == 302, one.key
        assert one.current_form == before, one.key


def test_a_new_field_is_asked_from_the_next_escalation_on(desk: Desk, ada: Client, admin: User) -> None:
    ticket = desk.escalated()
    sent = shown()
    sent["card"].append("new-1")
    sent |= card("Shop’s terminal number", label_es="Número del terminal", help_en="On the receipt.")
    sent["new-1-required"] = "on"
    before = Event.objects.count()
    assert ada.post(ADDRESS, sent).status_code == 302
    form = current()
    assert form.version == 2
    assert form.fields[-1] == {
        "key": "shops_terminal_number",
        "type": "text",
        "label": {"en": "Shop’s terminal number", "es": "Número del terminal"},
        "help": {"en": "On the receipt.", "es": ""},
        "required": True,
    }
    ticket.refresh_from_db()
    assert ticket.form is not None and ticket.form.version == 1
    event = Event.objects.get(kind="category.form_published", subject_id=form.category_id, actor=admin)
    assert Event.objects.count() == before + 1
    assert event.data == {"version": 2, "fields": len(form.fields)}
    asked = signed_in(desk.l1).get(reverse("escalate_in", args=[KEY])).content.decode()
    assert "Shop’s terminal number" in unescape(asked)


def test_a_published_key_stays_when_the_label_changes(ada: Client) -> None:
    first = current().fields[0]["key"]
    ada.post(ADDRESS, shown() | {f"{first}-label_en": "Quite another name"})
    field = current().fields[0]
    assert (field["key"], field["label"]["en"]) == (first, "Quite another name")


def test_a_key_that_was_never_published_can_not_be_slipped_in(ada: Client) -> None:
    sent = shown()
    sent["card"].append("my_own_key")
    ada.post(ADDRESS, sent | card("Till", mark="my_own_key"))
    assert current().fields[-1]["key"] == "till"


def test_a_field_can_depend_on_a_choice_that_is_new_too(ada: Client) -> None:
    sent = shown()
    sent["card"] += ["new-1", "new-2"]
    sent |= card("How paid", type="choice", choices="Card | Tarjeta\nqr | QR code | Código QR")
    sent |= card("Reader", mark="new-2", when="new-1", when_values=["new-1=card"])
    assert ada.post(ADDRESS, sent).status_code == 302
    how, reader = current().fields[-2:]
    assert how["choices"] == [
        {"value": "card", "label": {"en": "Card", "es": "Tarjeta"}},
        {"value": "qr", "label": {"en": "QR code", "es": "Código QR"}},
    ]
    assert reader["show_if"] == {"field": "how_paid", "in": ["card"]}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"label_en": ""}, "This field is required."),
        ({"type": "choice"}, "Name at least one choice."),
        ({"type": "choice", "choices": "a | b | c | d"}, "Line 1 has more than three parts."),
        ({"type": "choice", "choices": "Yes\nYes"}, "Line 2 repeats a choice"),
        ({"type": "telepathy"}, "Select a valid choice."),
        ({"when": "nowhere"}, "That question is not there any more"),
        ({"when": "outcome", "when_values": ["outcome=nonsense"]}, "Choose at least one of its answers."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_published(
    ada: Client, values: dict[str, Any], sentence: str
) -> None:
    sent = shown()
    sent["card"].append("new-1")
    answer = ada.post(ADDRESS, sent | card("Till") | {f"new-1-{name}": value for name, value in values.items()})
    assert answer.status_code == 422
    summary, *cards = unescape(answer.content.decode()).split('class="field-card"')
    assert sentence in summary and sentence in cards[-1]
    assert not any(sentence in card for card in cards[:-1])
    assert current().version == 1


def test_a_condition_on_a_question_below_is_refused(ada: Client) -> None:
    sent = shown()
    dependent = next(field for field in current().fields if field.get("show_if"))
    sent["card"].remove(dependent["key"])
    sent["card"].insert(0, dependent["key"])
    answer = ada.post(ADDRESS, sent)
    assert answer.status_code == 422
    assert "That question stands below this one." in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_cards_are_added_moved_and_removed_without_being_published_or_judged(
    ada: Client, headers: dict[str, str]
) -> None:
    sent = shown() | {f"{current().fields[0]['key']}-label_en": ""}
    marks = sent["card"]
    written = (ContractForm.objects.count(), Event.objects.count())

    def press(button: str, mark: str) -> list[str]:
        answer = ada.post(ADDRESS, sent | {button: mark}, headers=headers)
        assert answer.status_code == 200
        assert "field-invalid" not in answer.content.decode()
        assert ("<html" in answer.content.decode()) is not bool(headers)
        return cards_of(answer.content)

    assert press("add", "1") == [*marks, "new-1"]
    assert press("remove", marks[1]) == [marks[0], *marks[2:]]
    assert press("down", marks[0]) == [marks[1], marks[0], *marks[2:]]
    assert press("up", marks[0]) == marks
    assert press("refresh", "1") == marks
    assert (ContractForm.objects.count(), Event.objects.count()) == written


def test_the_order_of_the_cards_is_the_order_of_the_questions(ada: Client) -> None:
    sent = shown()
    sent["card"][0], sent["card"][1] = sent["card"][1], sent["card"][0]
    assert ada.post(ADDRESS, sent).status_code == 302
    assert [field["key"] for field in current().fields] == sent["card"]


def test_who_published_first_is_not_overwritten(ada: Client, admin: User) -> None:
    mine = shown() | {f"{current().fields[0]['key']}-label_en": "Mine"}
    theirs = current().fields
    theirs[0]["label"]["en"] = "Theirs"
    contract.publish(category(), theirs, by=admin)
    answer = ada.post(ADDRESS, mine)
    content = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in content and "Mine" in content
    assert current().fields[0]["label"]["en"] == "Theirs"
    [form] = [form for form in forms_of(content, ADDRESS) if form.action == ADDRESS]
    assert form.fields["version"] == "2"
    assert ada.post(ADDRESS, mine | {"version": "2"}).status_code == 302
    assert current().fields[0]["label"]["en"] == "Mine"


@pytest.mark.parametrize("version", ["", "x", "99999999999999999999", "-1"])
def test_a_version_that_nobody_read_is_stale(ada: Client, version: str) -> None:
    changed = shown() | {f"{current().fields[0]['key']}-label_en": "Mine", "version": version}
    assert ada.post(ADDRESS, changed).status_code == 409
    assert current().version == 1


def test_the_preview_shows_what_is_finished_and_writes_nothing(ada: Client) -> None:
    sent = shown()
    sent["card"] += ["new-1", "new-2"]
    sent |= card("Terminal", label_es="Terminal de pago") | card("", mark="new-2")
    answer = ada.post(f"{ADDRESS}preview/", sent)
    assert answer.status_code == 200
    assert "1 field is not finished yet" in answer.content.decode()
    preview = preview_of(ada.post(f"{ADDRESS}preview/", sent | {"preview_language": "es"}).content.decode())
    assert "Terminal de pago" in preview and "Identificador de la transacción" in preview
    assert current().version == 1


def test_without_script_the_preview_follows_the_cards(ada: Client) -> None:
    sent = shown()
    sent["card"].append("new-1")
    answer = ada.post(ADDRESS, sent | card("Terminal") | {"up": "new-1"})
    preview = preview_of(answer.content.decode())
    assert "Terminal" in preview and "not finished yet" not in preview


def test_the_page_tells_each_version_and_who_made_it(desk: Desk, ada: Client, admin: User) -> None:
    ada.post(ADDRESS, shown() | {f"{current().fields[0]['key']}-label_en": "Trace of the payment"})
    content = ada.get(ADDRESS).content.decode()
    history = content[content.index('id="versions"') :]
    assert "Version 2" in history and "Version 1" in history and admin.name in history
    assert "<ins>" in history and "Trace of the payment" in re.sub("</?mark>", "", history)


def test_a_category_without_a_form_gets_its_first(ada: Client) -> None:
    Category.objects.create(key="brand-new", name="Brand new")
    address = reverse("edit_category_form", args=["brand-new"])
    assert cards_of(ada.get(address).content) == ["new-1"]
    answer = ada.post(address, {"version": "0", "card": "new-1"} | card("What"))
    assert answer.status_code == 302
    form = Category.objects.get(key="brand-new").current_form
    assert form is not None and (form.version, form.fields[0]["key"]) == (1, "what")
    assert ada.post(address, {"version": "1"}).status_code == 422


def test_a_card_number_given_as_an_example_is_not_kept(ada: Client) -> None:
    ada.post(ADDRESS, shown() | {f"{current().fields[0]['key']}-help_en": "Such as 4111 1111 1111 1111"})
    assert "1111 1111 1111" not in str(current().fields)


def test_staff_need_the_permission_and_auditors_never_have_it(desk: Desk) -> None:
    clerk: User = UserFactory.create(is_staff=True)
    assert signed_in(clerk).get(ADDRESS).status_code == 404
    assert signed_in(clerk).post(ADDRESS, shown()).status_code == 404
    clerk.user_permissions.add(Permission.objects.get(codename="change_category"))
    assert signed_in(clerk).get(ADDRESS).status_code == 200
    assert signed_in(clerk).get(reverse("category_setup")).status_code == 200
    clerk.is_auditor = True
    clerk.save()
    assert signed_in(clerk).get(ADDRESS).status_code == 404


def test_the_list_names_versions_and_open_escalations(desk: Desk, ada: Client) -> None:
    desk.escalated()
    content = ada.get(reverse("category_setup")).content.decode()
    assert content.count("Edit the form") == Category.objects.count()


def test_the_admin_site_leads_to_the_editor(ada: Client) -> None:
    answer = ada.get(reverse("admin:escalations_category_change", args=[category().pk]))
    assert ADDRESS in answer.content.decode()


def test_choices_are_read_as_they_are_written() -> None:
    lines = "card | Card | Tarjeta\nBank transfer | Transferencia\n\n现金"
    choices = read_choices(lines)
    assert [choice["value"] for choice in choices] == ["card", "bank_transfer", "choice_3"]
    assert read_choices(write_choices(choices)) == choices
