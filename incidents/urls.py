"""The addresses of security incidents."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
