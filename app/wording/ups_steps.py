"""What to do when a UPS hangs on USB and no program reads it."""

from __future__ import annotations

from app.i18n import _


def usb_steps() -> tuple[str, ...]:
    """Return the steps, for whoever helps with the computers."""
    return (
        _("Install NUT: “sudo apt install nut”."),
        _("Write in /etc/nut/ups.conf what “sudo nut-scanner -U” prints, and in /etc/nut/nut.conf: MODE=standalone."),
        _("Start it: “sudo systemctl restart nut-driver.target nut-server”."),
        _("Look again here: the UPS then appears by itself."),
    )
