"""Work beside the screens: begun here, never waited for by a key or a click."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.worker import Worker

from app.errors import VangnetError
from app.wording.errors import explain


def begin(
    node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], *, group: str, exclusive: bool = False
) -> Worker[None]:
    """Begin some work that ends with `node`; an `exclusive` one takes the place of what is busy in its group.

    It takes the function, not its coroutine: one that is replaced before it began leaves nothing unawaited. An error of
    ours that it does not say itself is said in a corner.
    """

    async def told() -> None:
        try:
            await work()
        except VangnetError as error:
            node.app.notify(explain(error).what, severity="error", timeout=10)

    worker: Worker[None] = node.run_worker(told, group=group, exclusive=exclusive)
    return worker
