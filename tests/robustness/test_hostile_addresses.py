"""Whatever stands in an address, GET answers below 500 and writes nothing (tests.reading sees to the latter)."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from escalations.forms.filters import TicketFilter
from tests.matrix import ANONYMOUS, Scenario, addresses, answer_of
from tests.matrix_rows import MATRIX
from tests.robustness import hostile

pytestmark = pytest.mark.django_db

NAMES = sorted(name for name in MATRIX if not name.startswith("admin:"))
WITH_ARGUMENTS = sorted(name for name, route in addresses().items() if "<" in route and name in MATRIX)
LISTS = [
    "queue", "my_escalations", "customer", "article_list", "article_diff", "known_issue_list", "dashboard",
    "figure_tickets", "trend_list", "simulator", "simulation", "api-ticket-list", "api-customer-list",
    "api-article-list", "api-article-search", "api-known-issue-list",
]  # fmt: skip
WITH_CURSORS = {"queue", "api-ticket-list", "api-customer-list", "api-article-list"}
CONTROL = re.compile(r'<(?:input|select|textarea)[^>]* name="([^"]+)"')


def get(client: Client, address: str, **extra: str) -> int | str:
    """Return the answer to a GET whose query is sent just as it is written here."""
    path, _, query = address.partition("?")
    return answer_of(client.get(path, **{"QUERY_STRING": query, **extra}))  # type: ignore[arg-type]


def is_clear(answer: int | str) -> bool:
    return isinstance(answer, str) or answer < 500 or answer == 503  # readyz says so of a desk without a beat


def with_hostile_arguments(name: str, scenario: Scenario) -> Iterator[str]:
    """Yield the address with each of its arguments replaced by each hostile value."""
    address = MATRIX[name].address(name, scenario)
    for value in MATRIX[name].to(scenario).values():
        before, _, after = address.rpartition(quote(str(value), safe=":-_"))
        yield from (f"{before}{bad}{after}" for bad in hostile.QUOTED)


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_hostile_arguments(scenario: Scenario, name: str):
    client = scenario.clients["lead"]
    for address in with_hostile_arguments(name, scenario):
        answer = get(client, address)
        expected = {302, 400, 401, 404, 405, 410} | ({200} if name.startswith("account_") else set())
        assert answer in expected, f"{answer}: {address[:200]}"


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_a_number_is_written_in_one_way(scenario: Scenario, name: str):
    """Python reads ٣ as 3: an address that says so is another one, which leads nowhere."""
    address = MATRIX[name].address(name, scenario)
    elsewhere = address.translate(dict(zip(map(ord, "0123456789"), "٠١٢٣٤٥٦٧٨٩", strict=True)))
    if elsewhere.replace("v١", "v1") != address:
        assert get(scenario.clients["lead"], elsewhere.replace("v١", "v1")) in {302, 404, 405, 410}, address


def bad_answers(client: Client, address: str, queries: Iterable[str]) -> dict[str, int | str]:
    glue = "&" if "?" in address else "?"
    answers = {query: get(client, f"{address}{glue}{query}") for query in queries}
    return {query[:80]: answer for query, answer in answers.items() if not is_clear(answer)}


@pytest.mark.parametrize("role", ["lead", "l1", ANONYMOUS])
def test_every_page_survives_hostile_parameters(scenario: Scenario, role: str):
    queries = [urlencode(dict.fromkeys(hostile.PARAMETERS, value)) for value in hostile.VALUES]
    client = scenario.clients[role]
    own = [name for name in NAMES if role == "lead" or MATRIX[name].expected[role] == 200]
    bad = {name: bad_answers(client, MATRIX[name].address(name, scenario), queries) for name in own}
    assert not {name: answers for name, answers in bad.items() if answers}


@pytest.mark.parametrize("name", LISTS)
def test_every_parameter_of_a_list_survives_hostile_values(scenario: Scenario, name: str):
    client, address = scenario.clients["lead"], MATRIX[name].address(name, scenario)
    names = {*hostile.PARAMETERS, *CONTROL.findall(client.get(address).content.decode())}
    if name == "api-ticket-list":
        names |= set(TicketFilter.base_filters)
    singly = [urlencode({one: value}) for one in sorted(names) for value in hostile.VALUES]
    cursors = [f"{one}={cursor}" for one in ("after", "before", "cursor") for cursor in hostile.CURSORS]
    assert not bad_answers(client, address, [*singly, *(cursors if name in WITH_CURSORS else ())])


@pytest.mark.parametrize("name", ["queue", "article_list", "account_login", "api-customer-list"])
def test_unreadable_queries(scenario: Scenario, name: str):
    client, address = scenario.clients["lead"], MATRIX[name].address(name, scenario)
    many = "&".join(f"p{number}=" for number in range(1_100))
    assert get(client, f"{address}?q=%00") == 400
    assert get(client, f"{address}?{many}") in {302, 400}
    assert not bad_answers(client, address, ["q=%ff%fe&%ff=1", f"q={hostile.LONG}", "q=%ed%a0%80", "&&=&;=%"])


@pytest.mark.parametrize("name", ["queue", "account_login", "api-ticket-list"])
@pytest.mark.parametrize("charset", ["rot13", "utf-16", "utf-7", "hex", "no-such", "\u00e9"])
def test_another_character_set_is_refused(scenario: Scenario, name: str, charset: str):
    client = scenario.clients["lead"]
    answer = get(client, MATRIX[name].address(name, scenario), CONTENT_TYPE=f"text/plain; charset={charset}")
    assert answer == 400


@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "messages", "theme", "django_language"])
def test_a_garbled_cookie_is_refused(scenario: Scenario, cookie: str):
    response = Client().get("/account/login/", headers={"cookie": f'{cookie}="\\000\\377abcdefgh"'})
    assert response.status_code == 400
    assert "could not be read" in response.content.decode()


def test_unknown_addresses_answer_in_the_callers_shape(scenario: Scenario):
    page = scenario.clients["lead"].get("/no/such/page/")
    problem = scenario.clients["lead"].get("/api/v1/no-such-thing/")
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (problem.status_code, problem.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_form_address_opened_as_a_page_explains_itself(scenario: Scenario):
    response = scenario.clients["l2"].get("/queue/take-next/")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "only takes what one of our forms sends" in response.content.decode()
