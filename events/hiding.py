"""What of the record is hidden from a person who reads the record itself: events about things they may not see.

An upper app registers which things of a kind are hidden from somebody, so that this app never reaches up. An
event is about a thing when that is its subject, or when its data name it by number under the name of its kind.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, Func, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, In

if TYPE_CHECKING:
    from accounts.models import User

Ids = Callable[["User"], "QuerySet[Any, Any]"]

_hidden: dict[str, Ids] = {}


def register(subject_type: str, ids: Ids) -> None:
    """Hide what is about the things of this kind whose ids the function returns for a person."""
    _hidden[subject_type] = ids


def hidden_from(user: "User", *, kind: str = "subject_type", number: str = "subject_id", data: str = "data") -> Q:
    """Return the condition of rows that are hidden from `user`; the names are those of the rows' columns."""
    found = Q(pk=None)
    for subject_type, ids in _hidden.items():
        found |= Q(**{kind: subject_type, f"{number}__in": ids(user)})
        found |= Q(In(_named(subject_type, data), ids(user)))
    return found


def _named(subject_type: str, data: str) -> Case:
    """Return the number that the data give under this name, 0 for none or for anything else that stands there."""
    shape = Func(KeyTransform(subject_type, data), function="jsonb_typeof", output_field=TextField())
    number = Cast(KeyTextTransform(subject_type, data), BigIntegerField())
    return Case(When(Exact(shape, Value("number")), then=number), default=Value(0), output_field=BigIntegerField())
