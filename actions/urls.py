"""The addresses of sensitive actions."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
