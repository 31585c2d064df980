"""The director approves the policy: what it comes down to, then a name and the PIN."""

from __future__ import annotations

from textual.app import ComposeResult

from app.i18n import _, language, ngettext
from app.policy.model import Policy, Role
from app.secret import Secret
from app.tui.picture import Picture
from app.tui.screens.dialogs import AskPin, paragraph
from app.tui.widgets.rows import Row, Sheet, cell


class ApproveDialog(AskPin):
    """The data with its protection, and who asks for what; then the approval."""

    def __init__(self, picture: Picture, *, new: bool) -> None:
        self._picture = picture
        super().__init__(
            _("Approve the back-up policy"), name=director_of(picture.policy), yes=_("I approve this"), new=new,
            act=self._approve,
        )  # fmt: skip

    def body(self) -> ComposeResult:
        policy = self._picture.policy
        count = len(policy.data_sets)
        yield paragraph(
            ngettext(
                "Version {version}, for {count} data set. This is what it comes down to:",
                "Version {version}, for {count} data sets. This is what it comes down to:",
                count,
            ).format(version=policy.document.version, count=count)
        )
        yield Sheet(id="approve-sets")
        yield paragraph("\n" + _("The whole text is in {file}.").format(file=self.vangnet.home.policy_file))
        yield from super().body()

    def on_mount(self) -> None:
        policy = self._picture.policy
        self.query_one("#approve-sets", Sheet).fill(
            [
                Row(
                    cell(plan_set.name),
                    cell(policy.tiers[plan.tier].label.text(language()), 24, style="$muted"),
                    pointer=False,
                )
                for plan_set in policy.data_sets
                if (plan := self._picture.plan(plan_set.id)) is not None
            ]
        )

    async def _approve(self, name: str, pin: Secret) -> None:
        await self.source.approve_policy(by=name, pin=pin)
        await self.vangnet.look_again()
        self.app.notify(_("The policy has been approved. A copy of this version has been put away."))


def director_of(policy: Policy) -> str:
    """Return who the policy names as director; empty when nobody is."""
    return next((role.person for role in policy.roles if role.role is Role.DIRECTOR), "")
