"""Diffs: faithful to both versions, whatever the texts."""

from hypothesis import given
from hypothesis import strategies as st

from common.differences import CONTEXT, LINES_MAX, Kind, compare

LINES = st.lists(st.sampled_from(["", "a", "b b", "one two three", "one two four"]), max_size=30)


@given(LINES, LINES)
def test_each_version_can_be_read_back_from_the_lines(old, new):
    lines = compare("\n".join(old), "\n".join(new))
    skipped = sum(line.skipped for line in lines)
    was = [line.text for line in lines if line.kind in {Kind.SAME, Kind.REMOVED}]
    now = [line.text for line in lines if line.kind in {Kind.SAME, Kind.ADDED}]
    if not lines:
        assert "\n".join(old).splitlines() == "\n".join(new).splitlines()
        return
    assert len(was) + skipped == len("\n".join(old).splitlines())
    assert len(now) + skipped == len("\n".join(new).splitlines())
    assert _in_order(was, "\n".join(old).splitlines())
    assert _in_order(now, "\n".join(new).splitlines())


def _in_order(part, whole):
    rest = iter(whole)
    return all(any(line == other for other in rest) for line in part)


def test_far_unchanged_lines_are_counted_not_shown():
    old = [str(n) for n in range(50)]
    lines = compare("\n".join(old), "\n".join([*old[:25], "new", *old[25:]]))
    assert [line.kind for line in lines] == [
        Kind.SKIP, *[Kind.SAME] * CONTEXT, Kind.ADDED, *[Kind.SAME] * CONTEXT, Kind.SKIP,
    ]  # fmt: skip
    assert [line.skipped for line in lines if line.skipped] == [22, 22]


def test_changed_words_are_marked():
    removed, added = compare("Ask for the code.", "Ask for the number.")
    assert [piece.text for piece in removed.pieces if piece.changed] == ["code"]
    assert [piece.text for piece in added.pieces if piece.changed] == ["number"]


def test_enormous_texts_count_as_replaced():
    old, new = "a\n" * (LINES_MAX + 1), "b\n" * (LINES_MAX + 1)
    assert {line.kind for line in compare(old, new)} == {Kind.ADDED, Kind.REMOVED}
