"""Reading what a page would send."""

import re


def hidden(page: str, name: str) -> str:
    """Return the value of the first hidden field of that name."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, f"no hidden field {name}"
    return found[1]
