"""The slowest checks start first, while the other worker runs the tests."""

from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=lambda item: (here not in item.path.parents, "mypy" not in item.name))
