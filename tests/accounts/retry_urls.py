"""Addresses of a page and an API that count how often they are carried out."""

import threading

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import Context, Template
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent
from accounts.models import Team
from accounts.views.once import once

slow = threading.Event()  # set: a view rests in the middle of its work


@once
def note(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        form = Template("{% load safe_retry %}{% form_token %}")
        return HttpResponse(form.render(Context()))
    if request.POST["text"] == "bad":
        return HttpResponse("too short", status=422)
    team = Team.objects.create(name=f"{request.POST['text']} {Team.objects.count()}", kind="l2")
    if slow.is_set():
        threading.Event().wait(0.5)
    if request.POST["text"] == "crash":
        raise RuntimeError
    if request.headers.get("HX-Request"):
        return HttpResponse(team.name)
    return redirect("note_seen", team.pk)


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("home")


def seen(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(number))


class Notes(APIView):
    @idempotent
    def post(self, request: Request) -> Response:
        sent = dict(request.data)
        if sent["text"] == "bad":
            return Response({"text": ["too short"]}, status=400)
        team = Team.objects.create(name=f"{sent['text']} {Team.objects.count()}", kind="l2")
        return Response({"id": team.pk}, status=201, headers={"Location": f"/notes/{team.pk}"})


urlpatterns = [
    path("", home, name="home"),
    path("note", note, name="note"),
    path("note/<int:number>", seen, name="note_seen"),
    path("api/notes", Notes.as_view(), name="api_notes"),
]
