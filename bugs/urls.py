"""The addresses of bug reports and trackers."""

from django.urls import path

from bugs.views import listing, report, setup, tracker

urlpatterns = [
    path("tickets/<str:reference>/bugs/new/", report.new_bug, name="new_bug"),
    path("bugs/<int:number>/", report.bug, name="bug"),
    path("bugs/<int:number>/edit/", report.edit_bug, name="edit_bug"),
    path("bugs/<int:number>/zip/", report.bug_archive, name="bug_archive"),
    path("bugs/<int:number>/markdown/", report.bug_markdown, name="bug_markdown"),
    path("bugs/<int:number>/hand-over/", report.hand_over_bug, name="hand_over_bug"),
    path("bugs/<int:number>/link/", report.link_bug, name="link_bug"),
    path("bugs/<int:number>/unlink/", report.unlink_bug, name="unlink_bug"),
    path("bugs/<int:number>/send/", tracker.send_bug, name="send_bug"),
    path("bugs/<int:number>/issue/link/", tracker.link_issue, name="link_bug_issue"),
    path("bugs/<int:number>/issue/unlink/", tracker.unlink_issue, name="unlink_bug_issue"),
    path("bugs/<int:number>/answers/", tracker.bug_answers, name="bug_answers"),
    path("bugs/<int:number>/comment/", tracker.comment_bug, name="comment_bug"),
    path("bugs/", listing.bug_list, name="bugs"),
    path("setup/trackers/<int:number>/check/", setup.check_tracker, name="check_tracker"),
    path("trackers/<int:number>/hook/", tracker.tracker_hook, name="tracker_hook"),
    path("setup/trackers/", setup.tracker_list, name="trackers"),
    path("setup/trackers/new/", setup.tracker, name="new_tracker"),
    path("setup/trackers/<int:number>/", setup.tracker, name="tracker"),
]
