"""What pages say about times, deadlines, people, changes and figures."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def render(source: str, **context: Any) -> str:
    return Template("{% load face %}" + source).render(Context(context))


def texts(html: str, tag: str) -> list[str]:
    """Return what stands inside each `tag`, without markup."""
    inner = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", text).strip() for text in inner]


def rows(html: str) -> list[list[str]]:
    """Return the cells of a table's body."""
    body = html[html.index("<tbody>") : html.index("</tbody>")]
    return [texts(row, "(?:th|td)") for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=-59), "just now"),
        (timedelta(minutes=-3), "3 min ago"),
        (timedelta(minutes=-119), "1 h ago"),
        (timedelta(days=-29), "29 d ago"),
        (timedelta(days=-40), "13 Oct 2026"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(hours=26), "in 1 d"),
    ],
)
def test_relative_time_is_short(away: timedelta, words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert f">{words}</time>" in render("{% relative_time at %}", at=NOW + away)


def test_the_exact_time_stands_in_the_readers_zone_on_hover() -> None:
    with time_machine.travel(NOW, tick=False), timezone.override("Asia/Manila"):
        html = render("{% relative_time at %}", at=NOW)
    assert 'title="Sun 22 Nov 2026, 12:00:00 (Asia/Manila, UTC+08:00)"' in html
    assert 'datetime="2026-11-22T04:00:00+00:00"' in html


def test_times_are_said_in_the_readers_language() -> None:
    with translation.override("es"), time_machine.travel(NOW, tick=False):
        html = render("{% exact_time at %}", at=datetime(2026, 1, 5, tzinfo=UTC))
    assert "5 Ene 2026" in html or "5 ene 2026" in html


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (45, "45 s"),
        (12 * 60, "12 min"),
        (timedelta(hours=2, minutes=5), "2 h 05 min"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h"),
        (-5, "0 s"),
        (None, "–"),
    ],
)
def test_duration(span: timedelta | int | None, words: str) -> None:
    assert render("{{ span|duration }}", span=span) == words


@pytest.mark.parametrize(
    ("arguments", "state", "words"),
    [
        ("due", "running", "5 h 00 min left"),
        ("due remaining=600", "soon", "10 min left"),
        ("due remaining=over", "overdue", "20 min over"),
        ("due state='paused' remaining=600", "paused", "Paused, 10 min left"),
        ("due state='met'", "met", "Met"),
        ("state='missed'", "missed", "Missed"),
    ],
)
def test_a_deadline_tells_its_state(arguments: str, state: str, words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        html = render(f"{{% deadline {arguments} %}}", due=NOW + timedelta(hours=5), over=timedelta(minutes=-20))
    assert f'data-deadline="{state}"' in html
    assert f">{words}</span>" in html


def test_a_deadline_names_its_zone_and_its_day() -> None:
    with time_machine.travel(NOW, tick=False):
        today = render("{% deadline due zone='Asia/Manila' %}", due=NOW + timedelta(hours=5))
        tomorrow = render("{% deadline due zone='Asia/Manila' %}", due=NOW + timedelta(hours=20))
    assert ">17:00 Manila</time>" in today
    assert ">Mon 08:00 Manila</time>" in tomorrow


def test_only_a_deadline_by_the_wall_clock_is_refreshed_in_the_page() -> None:
    with time_machine.travel(NOW, tick=False):
        assert "data-due" in render("{% deadline due %}", due=NOW + timedelta(hours=5))
        assert "data-due" not in render("{% deadline due remaining=60 %}", due=NOW + timedelta(hours=5))


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Maricel Cruz", "MC"), ("Ana Paula Reyes", "AR"), ("jorge", "J"), ("ops@example.com", "OE"), ("", "")],
)
def test_initials(name: str, letters: str) -> None:
    assert render("{{ name|initials }}", name=name) == letters


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126 Safari/537 Edg/126", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari, iOS"),
        ("curl/8.1", "curl/8.1"),
    ],
)
def test_a_browser_is_named_as_people_name_it(user_agent: str, words: str) -> None:
    assert render("{{ name|browser }}", name=user_agent) == words


def test_a_diff_marks_what_was_added_and_removed_and_skips_the_rest() -> None:
    old = "\n".join(["one", "two", "three", "four", "five", "six"])
    html = render("{% text_diff old new %}", old=old, new=old.replace("six", "<six>"))
    assert texts(html, "del") == ["six"]
    assert texts(html, "ins") == ["&lt;six&gt;"]
    assert "two" not in html
    assert "three" in html


def test_equal_texts_have_no_diff() -> None:
    assert "No difference." in render("{% text_diff 'same' 'same' %}")


def test_the_table_behind_a_chart_holds_every_figure_and_its_link() -> None:
    data = {
        "type": "bar",
        "x": ["Mon", "Tue"],
        "series": [
            {"name": "Seen", "values": [3, None], "links": ["/q?day=1", None]},
            {"name": "</script>", "values": [5, 8]},
        ],
        "band": {"name": "Expected", "low": [1, 2], "high": [4, 6]},
    }
    html = render("{% chart 'seen' 'Seen by day' data %}", data=data)
    assert rows(html) == [["Mon", "3", "5", "1", "4"], ["Tue", "–", "8", "2", "6"]]
    assert '<a href="/q?day=1">3</a>' in html
    assert 'data-chart="seen-data"' in html
    assert '<script id="seen-data" type="application/json">' in html
    assert html.count("</script>") == 1


def test_the_table_behind_a_heat_map_has_a_cell_for_each_pair() -> None:
    data = {"type": "heat", "x": ["8", "9"], "y": ["Mon", "Tue"], "series": [{"name": "n", "values": [[1, 0, 7]]}]}
    html = render("{% chart 'heat' 'Heat' data %}", data=data)
    assert rows(html) == [["Mon", "–", "7"], ["Tue", "–", "–"]]


def test_blocks_keep_markup_of_the_page_and_escape_what_people_typed() -> None:
    html = render(
        "{% timeline_item line='wrote' at=at person=name %}<p>{{ text }}</p>{% endtimeline_item %}",
        at=NOW, name="<b>Eve</b>", text="<i>hi</i>",
    )  # fmt: skip
    assert "<p>&lt;i&gt;hi&lt;/i&gt;</p>" in html
    assert "&lt;b&gt;Eve&lt;/b&gt;" in html


def test_an_event_without_words_has_no_body() -> None:
    html = render("{% timeline_item line='accepted it' at=at %} {% endtimeline_item %}", at=NOW)
    assert "timeline-body" not in html


class Example(forms.Form):
    subject = forms.CharField(help_text="One sentence.")
    impact = forms.ChoiceField(choices=[("1", "High"), ("2", "Low")], widget=forms.RadioSelect)
    urgent = forms.BooleanField(required=False)


def test_a_field_ties_its_help_and_its_error_to_the_input() -> None:
    html = str(Example({})["subject"].as_field_group())
    assert 'aria-describedby="id_subject_helptext id_subject_error"' in html
    assert re.search(r'id="id_subject_helptext">\s*One sentence', html)
    assert re.search(r'id="id_subject_error">\s*<li>This field is required', html)


def test_no_id_stands_twice_in_a_form() -> None:
    ids = re.findall(r'\bid="([^"]+)"', "".join(str(field.as_field_group()) for field in Example({})))
    assert sorted(ids) == sorted(set(ids))


def test_the_error_summary_links_to_each_field() -> None:
    source = "{% include 'components/errors.html' %}{% for f in form %}{{ f.as_field_group }}{% endfor %}"
    html = render(source, form=Example({}))
    links = re.findall(r'href="#([^"]+)"', html)
    assert len(links) == 2
    assert all(f' id="{link}"' in html for link in links)
