"""What comes back from a SAML provider, before it is kept for the next step of the sign-in."""

import base64
import binascii
from copy import copy
from typing import Any

from allauth.socialaccount.providers.saml import views
from allauth.socialaccount.providers.saml.utils import get_app_or_404
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

import redaction

LONGEST = 200_000
KEPT = ("SAMLResponse", "RelayState")
#: Of the request itself: where it went, which the answer has to name.
NEEDED = {"HTTP_HOST", "HTTP_X_FORWARDED_PROTO", "PATH_INFO", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT"}
#: Nothing that a provider says of a person looks like these.
REFUSED = {"card", "track"}


@csrf_exempt
@login_not_required
@require_POST
def acs(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """Pass a provider's answer on to allauth, which keeps it in a session until it has been looked at.

    Whoever likes may send something here, unsigned: so nothing is kept but an answer, of the usual size, to a
    provider that there is, and without cards. It can't be masked, since it is signed.
    """
    get_app_or_404(request, organization_slug)
    sent = QueryDict(mutable=True)
    for name in KEPT:
        if name in request.POST:
            sent[name] = request.POST[name]
    if sum(len(sent.get(name) or "") for name in KEPT) > LONGEST or _holds_a_card(sent):
        raise BadRequest(_("The request could not be read. Go back and try again."))
    kept: Any = copy(request)
    kept.POST, kept.GET = sent, QueryDict()
    kept.META = {name: value for name, value in request.META.items() if name in NEEDED}
    response: HttpResponseBase = views.acs(kept, organization_slug=organization_slug)
    return response


def _holds_a_card(sent: QueryDict) -> bool:
    try:
        answer = base64.b64decode(sent.get("SAMLResponse", "")).decode("utf-8", "replace")
    except binascii.Error:
        answer = ""
    texts = (answer, *(str(value) for value in sent.values()))
    return any(finding.kind in REFUSED for text in texts for finding in redaction.redact(text).findings)
