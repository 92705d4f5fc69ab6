"""The application that granian serves: the live stream to those who ask for it, all else to Django under WSGI.

A stream under WSGI would hold a thread for as long as a page is open; Django's pages under ASGI would strand a
database connection per request's thread. So each has its own way, behind one port.
"""

from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings

from config.wsgi import application as pages

# After the line above, which sets Django up: it reads models.
from config.live import PATH, Hub, Receive, Send  # isort: skip

hub = Hub()
# As many requests are answered at once, and as many database connections held, as there are threads.
django = WSGIMiddleware(pages, workers=settings.WEB_THREADS)  # type: ignore[arg-type]  # Django's own says less

POSITION = b"x-live-position"


async def application(scope: Any, receive: Receive, send: Send) -> None:
    """Answer one request, or the server's start and stop."""
    if scope["type"] == "lifespan":
        await hub.lifespan(receive, send)
    elif scope["path"] == PATH and scope["method"] == "GET":
        await hub.answer(scope, receive, send)
    else:

        async def received() -> Any:  # granian's own is no coroutine, which a2wsgi needs for a body
            return await receive()

        await django(_with_position(scope), received, send)


def _with_position(scope: Any) -> Any:
    """Tell the page how far the record was told when its request came: its own stream reads on from there."""
    own = (POSITION, str(hub.position).encode())
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != POSITION] + [own]}
