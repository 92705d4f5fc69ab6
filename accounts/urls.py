"""Preferences, rosters, and those of allauth's pages that an account made by an admin needs.

Self-service over email addresses, sign-up and codes are left out: admins add
people and their addresses.
"""

from allauth.account import views as sign_in
from allauth.usersessions import views as sessions
from django.urls import include, path, re_path

from accounts.views import preferences, rosters

account = [
    path("login/", sign_in.login, name="account_login"),
    path("logout/", sign_in.logout, name="account_logout"),
    path("inactive/", sign_in.account_inactive, name="account_inactive"),
    path("signup/", sign_in.signup, name="account_signup"),  # says that there is none, and whom to ask
    path("reauthenticate/", sign_in.reauthenticate, name="account_reauthenticate"),
    path("password/change/", sign_in.password_change, name="account_change_password"),
    path("password/set/", sign_in.password_set, name="account_set_password"),
    path("password/reset/", sign_in.password_reset, name="account_reset_password"),
    path("password/reset/done/", sign_in.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        sign_in.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        sign_in.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("sessions/", sessions.list_usersessions, name="usersessions_list"),
]

urlpatterns = [
    path("account/", include(account)),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/availability/", preferences.set_availability, name="set_availability"),
    path("preferences/language/", preferences.set_language, name="set_language"),
    path("roster/", rosters.overview, name="roster"),
    path("roster/<int:number>/", rosters.week, name="roster_week"),
    path("roster/<int:number>/edit/", rosters.edit, name="edit_roster"),
    path("roster/<int:number>/off/", rosters.take_off, name="roster_off"),
    path("roster/<int:number>/extra/", rosters.add_extra, name="roster_extra"),
    path("roster/<int:number>/exceptions/<int:entry>/undo/", rosters.undo, name="roster_undo"),
]
