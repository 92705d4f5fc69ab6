"""Finding the people that the rest of the program names."""

from accounts.models import User

SYSTEM_EMAIL = "system@secondline.invalid"


def system() -> User:
    """Return Secondline itself, the actor of what jobs do. It can't sign in."""
    user, _ = User.objects.get_or_create(
        email=SYSTEM_EMAIL, defaults={"name": "Secondline", "is_active": False, "is_robot": True}
    )
    return user
