"""Jira's own notation, of the Markdown that reports and comments are written in."""

import re

_HEADING = re.compile(r"(#{1,6}) +(.*)")
_BOLD = re.compile(r"\\\*\\\*(.+?)\\\*\\\*")
_SPECIAL = re.compile(r"[\\{}\[\]!*|^~]")
_MARK = re.compile(r"<!-- (\S+) -->")
_FENCE = re.compile(r"`{3,}")


def wiki(markdown: str) -> str:
    """Return headings, bold words and fenced blocks in Jira's notation, and everything else as it stands.

    What would be a macro, a picture, a link or a mention is written as plain letters: a customer's words are
    never carried out.
    """
    lines, fence = [], ""
    for line in markdown.splitlines():
        if fence:
            lines.append("{noformat}" if line == fence else line.replace("{noformat", "{ noformat"))
            fence = "" if line == fence else fence
        elif _FENCE.fullmatch(line):
            fence = line
            lines.append("{noformat}")
        else:
            lines.append(_line(line))
    if fence:
        lines.append("{noformat}")
    return "\n".join(lines)


def _line(line: str) -> str:
    if mark := _MARK.fullmatch(line):
        return mark[1]
    heading = _HEADING.fullmatch(line)
    plain = _SPECIAL.sub(lambda found: f"\\{found[0]}", heading[2] if heading else line)
    plain = _BOLD.sub(r"*\1*", plain)
    return f"h{len(heading[1])}. {plain}" if heading else plain
