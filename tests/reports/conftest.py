"""What the tests of figures stand on."""

import pytest

from tests import seed
from tests.escalations.desk import Desk


@pytest.fixture
def desk(db: None) -> Desk:
    seed.catalogue()
    return Desk()
