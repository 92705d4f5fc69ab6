"""Preferences, rosters, and those of allauth's pages that an account made by an admin needs.

Self-service over email addresses, sign-up and codes are left out: admins add
people and their addresses.
"""

from allauth.account import views as sign_in
from allauth.socialaccount import views as single_sign_on
from allauth.usersessions import views as sessions
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts.views import access, idle, preferences, rosters
from accounts.views import single_sign_on as saml

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
    path(  # they stand on the page of the second step itself
        "second-step/webauthn/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"
    ),
    path("second-step/", include("allauth.mfa.urls")),
    path("idle/", idle.idle, name="idle"),
    path("sso/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("sso/saml/<str:organization_slug>/acs/", saml.acs, name="saml_acs"),
    path("sso/", include("allauth.socialaccount.providers.saml.urls")),
    path("sso/cancelled/", single_sign_on.login_cancelled, name="socialaccount_login_cancelled"),
    path("sso/failed/", login_not_required(single_sign_on.login_error), name="socialaccount_login_error"),
    path("sessions/", sessions.list_usersessions, name="usersessions_list"),
]

urlpatterns = [
    path("account/", include(account)),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/availability/", preferences.set_availability, name="set_availability"),
    path("preferences/language/", preferences.set_language, name="set_language"),
    path("access/", access.overview, name="access"),
    path("access/people/<int:number>/unlock/", access.unlock, name="unlock_person"),
    path("access/people/<int:number>/second-step/", access.reset_second_factor, name="reset_second_factor"),
    path("access/reviews/", access.begin, name="begin_access_review"),
    path("access/reviews/<int:number>/", access.review, name="access_review"),
    path("access/reviews/<int:number>/sign/", access.sign_off, name="sign_off_access_review"),
    path("roster/", rosters.overview, name="roster"),
    path("roster/<int:number>/", rosters.week, name="roster_week"),
    path("roster/<int:number>/edit/", rosters.edit, name="edit_roster"),
    path("roster/<int:number>/off/", rosters.take_off, name="roster_off"),
    path("roster/<int:number>/extra/", rosters.add_extra, name="roster_extra"),
    path("roster/<int:number>/exceptions/<int:entry>/undo/", rosters.undo, name="roster_undo"),
]
