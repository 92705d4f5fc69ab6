"""The admin site shows knowledge and changes none of it."""

import pytest
from django.urls import reverse

from accounts.models import User
from tests.factories import ArticleFactory, KnownIssueFactory, UserFactory


@pytest.mark.parametrize(("kind", "make"), [("article", ArticleFactory), ("knownissue", KnownIssueFactory)])
def test_admins_look_and_do_not_touch(client, db, kind, make):
    admin: User = UserFactory.create(is_staff=True, is_superuser=True)
    client.force_login(admin)
    thing = make.create()
    name = f"admin:knowledgebase_{kind}"
    assert thing.title in client.get(reverse(f"{name}_changelist")).content.decode()
    change = reverse(f"{name}_change", args=[thing.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"title": "x"}).status_code == 403
    assert client.post(reverse(f"{name}_delete", args=[thing.pk]), {"post": "yes"}).status_code == 403
    assert client.get(reverse(f"{name}_add")).status_code == 403
