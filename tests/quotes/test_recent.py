"""The results used last are kept, each worked out once."""

import threading

import pytest

from quotes.recent import Recent


def test_the_result_used_longest_ago_is_given_up():
    kept, made = Recent(2), []

    def ask(key):
        return kept.get(key, lambda: made.append(key) or key.upper())

    assert [ask(k) for k in "abacab"] == ["A", "B", "A", "C", "A", "B"]
    assert made == ["a", "b", "c", "b"]  # using “a” again kept it when “c” came


def test_threads_that_ask_at_once_wait_for_one_result():
    kept, made, barrier, found = Recent(1), [], threading.Barrier(4), []

    def make():
        made.append(1)
        return object()

    def ask():
        barrier.wait(timeout=10)
        found.append(kept.get("key", make))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert (len(made), len(found), len({id(f) for f in found})) == (1, 4, 1)


def test_a_failure_is_not_kept():
    kept = Recent(1)
    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: 1 // 0)
    assert kept.get("key", lambda: 7) == 7
