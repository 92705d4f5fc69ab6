"""Values that come from outside and mean harm, or nothing at all."""

from urllib.parse import quote

LONG = "x" * 30_000
HUGE = "9" * 20  # larger than any number the database holds
ENDLESS = "9" * 5_000  # more digits than Python reads

#: In an address, already quoted.
QUOTED = [
    "%00",
    quote("' OR 1=1 --"),
    "%ff%fe",
    HUGE,
    "-1",
    quote("٣"),  # a digit, but not one of ours
    quote("\u202e<script>alert(1)</script>"),
    "..%2f..%2fetc%2fpasswd",
    ENDLESS,
    "%ed%a0%80",  # half of a surrogate pair
]

#: Parameters that lists know, or might.
PARAMETERS = ("q", "page", "after", "before", "cursor", "order", "format", "score", "old", "new", "owner", "team")
VALUES = [HUGE, "-1'\"\\%"]

#: Cursors that decode to something that no list wrote.
CURSORS = [
    "bnVsbA",  # null
    "WzFd",  # [1]
    "W1tbW1tbW1tbW1tb",
    "eyJhIjoxfQ",  # {"a": 1}
    "cD1hYmM=",  # p=abc
    "cD05OTk5OS0wMS0wMQ==",  # p=99999-01-01
    "bz05OTk5OTk5OTk5OTk5OTk5OTk5OQ==",  # o=99999999999999999999
    "cD0lMDA=",  # p=%00
    "cj0xJnA9MjAyNi0xMy00NQ==",  # r=1&p=2026-13-45
]

#: In a form's field.
TEXTS = [
    "",
    LONG,
    HUGE,
    "-1",
    "0001-01-01",
    "\ufeff\u202e\u0000<img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% debug %}\U0010ffff\u0301",
]
