"""The addresses of bug reports and trackers."""

from django.urls import path

from bugs.views import report

urlpatterns = [
    path("tickets/<str:reference>/bugs/new/", report.new_bug, name="new_bug"),
    path("bugs/<int:number>/", report.bug, name="bug"),
    path("bugs/<int:number>/edit/", report.edit_bug, name="edit_bug"),
    path("bugs/<int:number>/zip/", report.bug_archive, name="bug_archive"),
    path("bugs/<int:number>/markdown/", report.bug_markdown, name="bug_markdown"),
    path("bugs/<int:number>/link/", report.link_bug, name="link_bug"),
    path("bugs/<int:number>/unlink/", report.unlink_bug, name="unlink_bug"),
]
