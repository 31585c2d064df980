"""A run that is busy: what goes where, how far it is, how long it will still take, and what one may do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import Static

from app.i18n import _, ngettext
from app.records.facts import Progress, Run, RunKind
from app.tui.widgets.rows import Row, cell
from app.wording.numbers import felt_number
from app.wording.sizes import felt_size
from app.wording.times import remaining

if TYPE_CHECKING:
    from app.tui.picture import Picture

_LEAST_S_FOR_A_GUESS = 3.0
"""Before this a guess of the time left would jump about."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a run is. `fraction` None: what there is to do is still being counted."""

    fraction: float | None
    bytes_per_s: float
    left_s: float | None


def pace(run: Run, progress: Progress) -> Pace:
    """Work out how fast a run goes and how long it will still take."""
    elapsed_s = (progress.at - run.started).total_seconds()
    speed = progress.bytes_done / elapsed_s if elapsed_s > 0 else 0.0
    if progress.bytes_total > 0:
        fraction = min(1.0, progress.bytes_done / progress.bytes_total)
    elif progress.files_total > 0:
        fraction = min(1.0, progress.files_done / progress.files_total)
    else:
        return Pace(None, speed, None)
    known = elapsed_s >= _LEAST_S_FOR_A_GUESS and fraction > 0
    return Pace(fraction, speed, elapsed_s * (1 - fraction) / fraction if known else None)


class Bar(Visual):
    """A line that fills from left to right, with its numbers at the end."""

    def __init__(self, fraction: float | None, numbers: str = "") -> None:
        self.fraction = fraction
        self.numbers = numbers

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        numbers = Content.styled(f"  {self.numbers}", "bold $accent") if self.numbers else Content("")
        length = max(1, width - numbers.cell_length)
        full, half = divmod(round((self.fraction or 0.0) * length * 2), 2)
        done = "━" * full + ("╸" if half else "")
        line = Content.styled(done, "$accent") + Content.styled("━" * (length - len(done)), "$line") + numbers
        return line.render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:  # noqa: ARG002 - the base's signature
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:  # noqa: ARG002 - the base's signature
        return 1


class ProgressPanel(Vertical):
    """The panel of one running run; hidden while there is none."""

    def compose(self) -> ComposeResult:
        yield Static(id="progress-title")
        yield Static(id="progress-bar")
        yield Static(id="progress-numbers")
        yield Static(id="progress-advice")

    def show(self, picture: Picture, run: Run | None) -> None:
        """Show how far `run` is, or nothing."""
        self.display = run is not None
        if run is None:
            return
        progress = picture.progress_of(run.id)
        title = Row(
            cell(title_text(picture, run), style="bold"),
            cell(picture.data_set_name(run.data_set), 28, align="right"),
            pointer=False,
        )
        self.query_one("#progress-title", Static).update(title)
        numbers = pace(run, progress) if progress is not None else Pace(None, 0.0, None)
        self.query_one("#progress-bar", Static).update(Bar(numbers.fraction, _left(numbers)))
        self.query_one("#progress-numbers", Static).update(_counts(progress, numbers))
        self.query_one("#progress-advice", Static).update(Content.styled(advice_text(picture, run), "$muted"))


def title_text(picture: Picture, run: Run) -> str:
    """Say what a run does, for the top of its panel and the list of runs."""
    place = picture.target_name(run.target)
    match run.kind:
        case RunKind.BACKUP:
            return _("Copy to {place}").format(place=place)
        case RunKind.FULL:
            return _("Yearly full copy to {place}").format(place=place)
        case RunKind.CHECK:
            return _("Checking {place}").format(place=place)
        case RunKind.RESTORE:
            return _("Getting files back from {place}").format(place=place)
        case RunKind.RESTORE_TEST:
            return _("Restore test from {place}").format(place=place)
        case RunKind.PRUNE:
            return _("Clearing old versions on {place}").format(place=place)
        case RunKind.SYNC:
            return _("Continuous copy to {place}").format(place=place)


def advice_text(picture: Picture, run: Run) -> str:
    """Say what a person may do while a run is busy."""
    removable = any(t.removable for t in picture.machine.targets if t.id == run.target)
    if removable:
        return _("You can just go on working. Pull the disk out only when ✔ stands here.")
    return _("You can just go on working.")


def _counts(progress: Progress | None, numbers: Pace) -> str:
    if progress is None:
        return _("Starting…")
    if numbers.fraction is None:
        files = progress.files_done
        return ngettext(
            "Looking what has changed: {count} file", "Looking what has changed: {count} files", files
        ).format(count=felt_number(files))
    parts: list[str] = []
    if progress.files_total:
        parts.append(
            _("{done} of {total} files").format(
                done=felt_number(progress.files_done), total=felt_number(progress.files_total)
            )
        )
    if progress.bytes_total:
        parts.append(_("{done} of {total}").format(done=_without_unit(progress), total=felt_size(progress.bytes_total)))
    if numbers.bytes_per_s >= 1:
        parts.append(_("{size}/s").format(size=felt_size(int(numbers.bytes_per_s))))
    return " · ".join(parts)


def _without_unit(progress: Progress) -> str:
    """Write how much is done, without the unit where it is that of the total: "1,9 of 2,6 GB"."""
    done, total = felt_size(progress.bytes_done), felt_size(progress.bytes_total)
    number, _space, unit = done.rpartition(" ")
    return number if total.endswith(f" {unit}") else done


def _left(numbers: Pace) -> str:
    if numbers.fraction is None:
        return ""
    percent = f"{int(numbers.fraction * 100)} %"
    if numbers.left_s is None or numbers.fraction >= 1:
        return percent
    return f"{percent}   {remaining(numbers.left_s)}"
