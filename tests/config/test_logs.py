"""Log lines keep nothing that must not be stored."""

import logging

from config.logs import RedactingFormatter


def test_a_card_number_never_reaches_a_log_not_even_in_a_traceback():
    number = "4111 1111 1111 1111"
    try:
        raise ValueError(f"cannot charge {number}")
    except ValueError as error:
        caught = (type(error), error, error.__traceback__)
    record = logging.LogRecord("desk", logging.ERROR, __file__, 1, "paid with %s", (number,), caught)
    line = RedactingFormatter("{levelname} {message}", style="{").format(record)
    assert number not in line
    assert line.startswith("ERROR paid with ")
    assert "Traceback" in line
