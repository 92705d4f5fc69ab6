"""The guard that GET never writes works: it lets reads and sessions through, and nothing else."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import User
from tests.reading import GetMayNotWrite

pytestmark = pytest.mark.django_db


def _visit(method, view):
    return GetMayNotWrite(view)(RequestFactory().generic(method, "/somewhere"))


def test_a_get_that_writes_fails_even_when_the_view_hides_it():
    def view(request):
        User.objects.create(email="sneaky@example.com")
        return HttpResponse()

    with pytest.raises(AssertionError, match="GET /somewhere wrote to accounts_user"):
        _visit("GET", view)


def test_a_post_may_write():
    def view(request):
        User.objects.create(email="honest@example.com")
        return HttpResponse()

    assert _visit("POST", view).status_code == 200


def test_a_locking_read_is_no_write():
    def view(request):
        return HttpResponse(str(User.objects.select_for_update().filter(email="nobody").count()))

    assert _visit("GET", view).content == b"0"


def test_requests_of_a_test_client_are_held_to_it(settings):
    assert settings.MIDDLEWARE[0] == "tests.reading.GetMayNotWrite"
