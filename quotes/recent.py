"""The few results used last, kept per process: worked out once, also when several threads ask at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    lock: Lock = field(default_factory=Lock)
    value: tuple[V] | None = None  # the result in a tuple; None while it is worked out


class Recent(Generic[V]):
    """Keeps the `most` results used last. A result that nobody keeps any more still reaches those who wait for it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, _Entry[V]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The kept result, else that of `make`. What `make` raises is raised; the next one asking tries again."""
        with self._lock:
            entry = self._kept.setdefault(key, _Entry())
            self._kept.move_to_end(key)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        with entry.lock:
            if entry.value is None:
                entry.value = (make(),)
            return entry.value[0]

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
