"""What the tests of sensitive actions stand on."""

import pytest

from tests import seed
from tests.actions.acting import Acting
from tests.escalations.desk import Desk


@pytest.fixture
def acting(db: None) -> Acting:
    seed.catalogue()
    return Acting(Desk())
