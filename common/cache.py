"""The cache, which outlives Redis: what it holds may be lost, but must not take a page down."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class LastingCache(RedisCache):
    """Redis; while it can't be reached, this process's own memory.

    The limits of sign-in and of tokens are counted here. Without Redis each process
    counts for itself, so that they are wider, but never gone.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("without-redis", {})

    def ping(self) -> None:
        """Raise RedisError unless Redis answers."""
        self._cache.get_client().ping()

    def _either(self, name: str, in_redis: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return in_redis(*args, **kwargs)
        except RedisError as error:
            logger.warning(
                "Redis does not answer (%s); this process keeps to its own memory.", type(error).__name__
            )
            return getattr(self._own, name)(*args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """See Django's cache, as for all of these."""
        return self._either("get", super().get, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("add", super().add, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("set", super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("touch", super().touch, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("delete", super().delete, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("has_key", super().has_key, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("incr", super().incr, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("get_many", super().get_many, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("set_many", super().set_many, *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("delete_many", super().delete_many, *args, **kwargs)

    def clear(self) -> Any:
        self._own.clear()
        return self._either("clear", super().clear)
