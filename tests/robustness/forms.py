"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

NOT_SENT = {"submit", "button", "image", "reset"}
KEPT = {"csrfmiddlewaretoken", "form_token"}


@dataclass
class Form:
    """One form: where it goes, what it would send as it stands, and which of that a person fills in."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)  # what a person may write into

    @property
    def open_fields(self) -> list[str]:
        return [name for name in self.fields if name not in KEPT]


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.selecting = ""
        self.writing = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.address, given.get("action", ""))
            self.form = Form(action, given.get("method", "get").lower())
            self.forms.append(self.form)
        if self.form is None:
            return
        name = given.get("name", "")
        if tag == "option" and self.selecting and ("selected" in given or not self.form.fields[self.selecting]):
            self.form.fields[self.selecting] = given.get("value", "")
        if not name or "disabled" in given:
            return
        kind = given.get("type", "text")
        if tag == "select":
            self.selecting = name
            self.form.fields[name] = ""
        elif tag == "textarea":
            self.writing = name
            self.form.texts.add(name)
            self.form.fields[name] = ""
        elif tag == "input" and kind == "file":
            self.form.files.add(name)
        elif tag == "input" and kind in {"radio", "checkbox"}:
            if "checked" in given or name not in self.form.fields:
                self.form.fields[name] = given.get("value", "on")
        elif tag == "input" and kind not in NOT_SENT:
            self.form.fields[name] = given.get("value", "")
            if kind in {"text", "search", "url", "email", "tel"}:
                self.form.texts.add(name)

    def handle_data(self, data: str) -> None:
        if self.form is not None and self.writing:
            self.form.fields[self.writing] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.selecting = ""
        elif tag == "textarea":
            self.writing = ""


def forms_of(html: str, address: str) -> list[Form]:
    """Return the forms of the page at `address` that POST."""
    reader = _Reader(address)
    reader.feed(html)
    return [form for form in reader.forms if form.method == "post"]
