"""Formats of own numbers live in the process's memory: each test begins with none."""

from collections.abc import Iterator

import pytest

from incidents import own_numbers
from redaction import OwnIds


@pytest.fixture(autouse=True)
def _no_own_numbers() -> Iterator[None]:
    yield
    own_numbers._memory = own_numbers._Memory(0, OwnIds(), float("-inf"))
