"""Texts that admins store in both languages of the interface."""

from django.utils.translation import get_language


def localized(obj: object, field: str) -> str:
    """Return `field` of `obj` in the active language.

    The English text stands in `field`, the Spanish one in `field_es`; an empty
    Spanish text falls back to the English one. Raises AttributeError when the
    object has no such fields.
    """
    if (get_language() or "").startswith("es"):
        spanish = getattr(obj, f"{field}_es")
        if spanish:
            return str(spanish)
    return str(getattr(obj, field))
