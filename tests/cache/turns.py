"""Actors that take turns, in threads of which only one runs at a time, on a clock that runs only between turns."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from random import Random

STALLS = (0.1, 0.3, 0.9, 1.8, 3.0)
"""For how many seconds somebody may be kept from going on, as the machine has other things to do."""


class Abandoned(BaseException):
    """The play is over."""


def always() -> bool:
    """Return True."""
    return True


def never() -> bool:
    """Return False."""
    return False


class Actor:
    """An actor that runs `body` step by step: each step ends with a `Play.pause` in a called function."""

    def __init__(self, process: int, body: Callable[[], None], *, stalls: float) -> None:
        """Let `stalls` be the share of its steps after which much may happen before the next."""
        self.process = process
        self.stalls = stalls
        self.can_go_on: Callable[[], bool] = always
        self.wakes_at = math.inf
        self.is_done = False
        self.turn = threading.Semaphore(0)
        self._body = body

    def run(self, play: Play) -> None:
        """Play the whole part. The play reports its exceptions."""
        self.turn.acquire()
        try:
            if not play.is_over:
                self._body()
        except Abandoned:
            pass
        except BaseException as error:
            play.error = error
        finally:
            self.is_done = True
            play.between.release()


class Play:
    """A clock, and those who take turns on it, in an order that `random` determines."""

    def __init__(self, random: Random) -> None:
        self.now = 1000.0
        self.is_over = False
        self.error: BaseException | None = None
        self.between = threading.Semaphore(0)
        self.current: Actor | None = None
        self.random = random

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def pause(self) -> None:
        """Let others run first, perhaps for a long time."""
        if self.current is not None and self.random.random() < self.current.stalls:
            self.sleep(self.random.choice(STALLS))
        else:
            self.wait(always)

    def sleep(self, seconds: float) -> None:
        """Come back when so much time has passed."""
        self.wait(never, seconds=seconds)

    def wait(self, until: Callable[[], bool], *, seconds: float = math.inf) -> None:
        """Let others run, and return when `until` is true or the time is up.

        Outside of the turns, return at once.
        """
        actor = self.current
        if actor is None:
            return
        actor.can_go_on, actor.wakes_at = until, self.now + seconds
        self.between.release()
        actor.turn.acquire()
        if self.is_over:
            raise Abandoned

    def run(self, actors: Sequence[Actor], *, needed: Sequence[Actor], turns: int) -> None:
        """Let all take turns until the `needed` ones have finished. Raises their exceptions."""
        threads = [threading.Thread(target=actor.run, args=(self,), daemon=True) for actor in actors]
        for thread in threads:
            thread.start()
        try:
            for _ in range(turns):
                if all(actor.is_done for actor in needed):
                    return
                left = [actor for actor in actors if not actor.is_done]
                ready = [actor for actor in left if actor.wakes_at <= self.now or actor.can_go_on()]
                if ready:
                    self._give_turn(self.random.choice(ready))
                else:
                    self.now = min(actor.wakes_at for actor in left)
        finally:
            self.is_over = True
            for actor, thread in zip(actors, threads, strict=True):
                actor.turn.release()
                thread.join()
            self.current = None

    def _give_turn(self, actor: Actor) -> None:
        self.current = actor
        actor.turn.release()
        self.between.acquire()
        self.current = None
        if self.error is not None:
            raise self.error
