"""What the tests of figures stand on."""

import pytest

from escalations import defaults
from tests.escalations.desk import Desk


@pytest.fixture
def desk(db: None) -> Desk:
    defaults.seed()
    return Desk()
