"""Browsers of people who have signed in."""

from django.test import Client

from accounts.models import User


def client_of(user: User) -> Client:
    """Return a browser in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client
