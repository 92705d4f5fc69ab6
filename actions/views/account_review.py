"""Reviewing the account of a ticket's customer, and deciding about its ban."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.views.once import once
from actions import account_review, kinds
from actions.account_facts import Account
from actions.account_review import Reading
from actions.forms.account_review import ReviewForm
from actions.models import Kind, ReviewDecision
from actions.rule_answers import Answer, Result
from common.errors import Refused, StaleVersion
from escalations.models import Ticket
from escalations.views.parts import done, forbidding, person, visible_ticket

MOST_TRANSACTIONS = 12
_SIGNS = ("disputed", "charged_back", "declined")


@require_http_methods(["GET", "HEAD", "POST"])
def review_account(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Show what the back office knows of the account with the rules' answers, and take the decision."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not account_review.may_read(user, ticket):
        raise Http404
    reading = account_review.read(ticket, by=user)  # of another server: before the transaction of `once`
    if request.method == "POST":
        return _decide(request, ticket, reading)
    return _page(request, ticket, reading, _form(reading))


@once
@forbidding
def _decide(request: HttpRequest, ticket: Ticket, reading: Reading) -> HttpResponse:
    form = ReviewForm(request.POST, may_open=True)
    if form.is_valid():
        try:
            review = account_review.decide(ticket, by=person(request), reading=reading, **form.cleaned_data)
        except StaleVersion as stale:
            again = request.POST.copy()
            again["seen"] = reading.digest
            form = ReviewForm(again, may_open=_may_open(reading))
            form.add_error(None, stale.message)
            return _page(request, ticket, reading, form, status=409)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The decision is kept."))
            if review.decision == ReviewDecision.UNBAN:
                return redirect("new_action_of", ticket.reference, Kind.UNBAN)
            return redirect("review_account", ticket.reference)
    return _page(request, ticket, reading, form, status=422)


def _form(reading: Reading) -> ReviewForm:
    return ReviewForm(initial={"seen": reading.digest}, may_open=_may_open(reading))


def _may_open(reading: Reading) -> bool:
    banned = reading.account is not None and reading.account.is_banned
    return banned and reading.result != Result.FAIL


def _money(amount: int, currency: str) -> str:
    return kinds.measured(Kind.REVERSAL, amount, currency)


def _credit_limit(account: Account | None) -> str:
    if account is None or account.credit_limit is None:
        return ""
    return _money(account.credit_limit, account.currency)


def _page(
    request: HttpRequest, ticket: Ticket, reading: Reading, form: ReviewForm, status: int = 200
) -> HttpResponse:
    user = person(request)
    earlier = account_review.reviews(ticket.customer.external_id, user)
    facts = reading.facts
    rows = facts.transactions.rows if facts.transactions else ()
    sign_ins = reading.account.sign_ins if reading.account else None
    context = {
        "ticket": ticket,
        "reading": reading,
        "account": reading.account,
        "bans": facts.bans,
        "credit_limit": _credit_limit(reading.account),
        "last_known": account_review.last_known(earlier) if reading.silent else None,
        "signs": {state: sum(row.state == state for row in rows) for state in _SIGNS},
        "sign_ins": sign_ins,
        "failed_sign_ins": sum(not row.succeeded for row in sign_ins or ()),
        "transactions": [(row, _money(row.amount, row.currency)) for row in rows[:MOST_TRANSACTIONS]],
        "more_transactions": max(0, len(rows) - MOST_TRANSACTIONS),
        "reviews": [(one, [Answer.stored(kept) for kept in one.answers]) for one in earlier],
        "form": form,
        "may_decide": account_review.may_decide(user, ticket) and ticket.is_open,
        "may_open": _may_open(reading),
        "result": str(reading.result),
    }
    return render(request, "actions/account_review.html", context, status=status)
