"""The texts of the errors, by code, and by code and reason where the reason says more. Looked up when shown."""

from __future__ import annotations

from dataclasses import dataclass

from app.i18n import N_


@dataclass(frozen=True, slots=True)
class ErrorText:
    what: str
    safe: str
    do: str


_UNTOUCHED = N_("Your data and the copies that were made are untouched.")
_OLD_COPIES = N_("Your data are untouched, and earlier copies are still there.")
_NOTHING_WRITTEN = N_("Nothing was written or changed.")
_DATA_FINE = N_("Your own data are untouched.")
_ONE_TO_DISTRUST = N_("Your own data are untouched, but do not count on this copy.")
_ASK_IT = N_("Ask the IT provider to look; the details say more.")
_AGAIN = N_("Try again; if it happens again, ask the IT provider to look.")
_AUTOMATIC = N_("Vangnet tries again by itself.")
_LOOK_CABLE = N_("Look whether it is plugged in and switched on. The copy then starts by itself.")
_OTHER_PLACE = N_("Choose another disk, or a folder on another device.")

FALLBACK = ErrorText(N_("Something went wrong ({code})."), _UNTOUCHED, _AGAIN)

TEXTS: dict[str, ErrorText] = {
    "error": FALLBACK,
    "unknown-anomaly": ErrorText(
        N_("There is no such alarm that is still open."),
        _NOTHING_WRITTEN,
        N_("Look at “vangnet alarm” again: somebody else may have answered it."),
    ),
    "notice": ErrorText(N_("Somebody could not be told."), _UNTOUCHED, _AGAIN),
    "not-delivered": ErrorText(
        N_("The message could not be delivered ({reason})."),
        _UNTOUCHED,
        N_("Look whether the address and the account are right, and try again."),
    ),
    "accounts-invalid": ErrorText(
        N_("The file with the mail account and the services cannot be read ({file})."),
        _UNTOUCHED,
        N_("Set the mail account again with “vangnet notify mail”."),
    ),
    "unknown-person": ErrorText(
        N_("Nobody called {name} is told as {role}."),
        _NOTHING_WRITTEN,
        N_("“vangnet people” lists who is told."),
    ),
    "address-invalid": ErrorText(
        N_("This is not an address: {what}."), _NOTHING_WRITTEN, N_("Look at it again, and correct it.")
    ),
    "unknown-case": ErrorText(
        N_("There is nothing of this name that waits for a verdict."),
        _NOTHING_WRITTEN,
        N_("Look at “vangnet judge” again: somebody else may have judged it."),
    ),
    "stopped-for-power": ErrorText(
        N_("The power failed and the battery was running empty, so the work was stopped in time."),
        N_("What was finished is kept."),
        N_("It goes on by itself once the mains power is back."),
    ),
    "on-battery": ErrorText(
        N_("This does not start while the computer runs on battery."),
        _UNTOUCHED,
        N_("Wait until the mains power is back."),
    ),
    "ups-not-reachable": ErrorText(
        N_("The UPS ({ups}) does not answer."),
        _UNTOUCHED,
        N_("Look whether it is switched on and its cable is plugged in."),
    ),
    "ups-login-refused": ErrorText(
        N_("The UPS ({ups}) refuses the name or the password."),
        _UNTOUCHED,
        N_("Ask the IT provider for the right one: “vangnet power password {ups}”."),
    ),
    "ups-cannot-test": ErrorText(
        N_("This UPS ({ups}) cannot test itself."),
        _UNTOUCHED,
        N_("Pull its plug out of the wall for a minute, and note how long it says it lasts."),
    ),
    "unknown-ups": ErrorText(
        N_("There is no UPS called {ups}."), _NOTHING_WRITTEN, N_("“vangnet power” shows the names.")
    ),
    "unknown-line": ErrorText(
        N_("There is no internet line called {line}."), _NOTHING_WRITTEN, N_("“vangnet lines” shows the names.")
    ),
    "unknown-finding": ErrorText(
        N_("There is nothing called {finding} to accept."), _NOTHING_WRITTEN, N_("“vangnet risks” shows what there is.")
    ),
    "internal": ErrorText(N_("Vangnet made a mistake of its own."), _OLD_COPIES, _ASK_IT),
    "os-error": ErrorText(N_("The computer refused something ({reason})."), _OLD_COPIES, _AGAIN),
    "configuration": ErrorText(N_("The settings cannot be used as they are."), _UNTOUCHED, _ASK_IT),
    "process-gone": ErrorText(
        N_("The work was broken off: the computer went off, or the program was ended."), _OLD_COPIES, _AUTOMATIC
    ),
    "worker-not-started": ErrorText(N_("The work could not be started ({reason})."), _OLD_COPIES, _ASK_IT),
    "not-for-a-worker": ErrorText(N_("Vangnet made a mistake of its own."), _OLD_COPIES, _ASK_IT),
    "not-set-up": ErrorText(
        N_("Vangnet is not set up on this computer yet."),
        N_("No copies are made until then."),
        N_("Start Vangnet and answer the questions."),
    ),
    "file-invalid": ErrorText(
        N_("There are mistakes in {file}."), _UNTOUCHED, N_("Correct the lines that the details name.")
    ),
    "policy-invalid": ErrorText(
        N_("There are mistakes in the policy file {file}."),
        _UNTOUCHED,
        N_("Correct the lines that the details name."),
    ),
    "machine-invalid": ErrorText(
        N_("There are mistakes in this computer's settings {file}."),
        _UNTOUCHED,
        N_("Correct the lines that the details name."),
    ),
    "setup-invalid": ErrorText(
        N_("There are mistakes in the answers {file}."),
        _NOTHING_WRITTEN,
        N_("Correct the lines that the details name."),
    ),
    "setup-incomplete": ErrorText(
        N_("The set-up is not complete: {missing}."), _NOTHING_WRITTEN, N_("Fill in what is missing.")
    ),
    "source-not-there": ErrorText(
        N_("Not on this computer: {paths}."),
        _NOTHING_WRITTEN,
        N_("Look whether it is written right, or its disk or share is gone."),
    ),
    "already-set-up": ErrorText(
        N_("Vangnet is set up on this computer already."), _UNTOUCHED, N_("Just start Vangnet.")
    ),
    "wrong-recovery-part": ErrorText(
        N_("This is not group {group} of the key on the recovery sheet."),
        _UNTOUCHED,
        N_("Look at the sheet again and type that group."),
    ),
    "disk-service-missing": ErrorText(
        N_("This computer has nothing that mounts disks (udisks2)."),
        _UNTOUCHED,
        N_("Open the disk once in the file manager, or ask the IT provider to install udisks2."),
    ),
    "disk-action-refused": ErrorText(N_("The computer could not do that with the disk {device}."), _UNTOUCHED, _AGAIN),
    "disk-not-to-be-erased": ErrorText(
        N_("The disk {device} is not erased."), _NOTHING_WRITTEN, N_("Choose another disk.")
    ),
    # The copies themselves
    "repository": ErrorText(N_("Something is wrong with the copies in this place."), _DATA_FINE, _ASK_IT),
    "repository-not-found": ErrorText(
        N_("There are no copies in this place ({location})."), _DATA_FINE, N_("Look whether it is the right disk.")
    ),
    "repository-exists": ErrorText(
        N_("There are copies in this place already ({location})."),
        _NOTHING_WRITTEN,
        N_("Open the existing copies, or choose an empty folder."),
    ),
    "repository-locked": ErrorText(
        N_("Another program is busy with the copies in this place ({host})."), _UNTOUCHED, _AUTOMATIC
    ),
    "wrong-key": ErrorText(
        N_("The key does not open the copies in this place."),
        _UNTOUCHED,
        N_("Look whether it is your own disk, or use the key of the recovery sheet."),
    ),
    "key-not-found": ErrorText(
        N_("There is no such key ({wanted})."), _UNTOUCHED, N_("Choose one that `vangnet repo key list` names.")
    ),
    "key-in-use": ErrorText(
        N_("The key that opens these copies is not removed."),
        _UNTOUCHED,
        N_("Add another key first, and open the copies with that one."),
    ),
    "repository-damaged": ErrorText(
        N_("Part of the copies in this place is damaged."),
        _ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    "repository-unsupported": ErrorText(
        N_("These copies are of a kind that Vangnet does not know."), _UNTOUCHED, _ASK_IT
    ),
    "snapshot-not-found": ErrorText(
        N_("There is no such version ({wanted})."), _UNTOUCHED, N_("Choose another version or another day.")
    ),
    "source-not-found": ErrorText(
        N_("None of the folders to copy is there ({paths})."),
        N_("Earlier copies are still there."),
        N_("Look whether the folder was moved, or its disk or share is gone."),
    ),
    "cancelled": ErrorText(N_("It was stopped."), N_("What was finished is kept."), _AUTOMATIC),
    "worker-died": ErrorText(N_("Part of the work broke off ({exitcode})."), _OLD_COPIES, _AUTOMATIC),
    "backend": ErrorText(N_("The place for copies could not do it ({reason})."), _OLD_COPIES, _AGAIN),
    "backend-unavailable": ErrorText(
        N_("The place for copies is not there, or went away in the middle."), _OLD_COPIES, _LOOK_CABLE
    ),
    "backend-full": ErrorText(
        N_("The disk is full ({free_bytes} free)."), _OLD_COPIES, N_("Use another disk, or ask for a larger one.")
    ),
    "bad-address": ErrorText(
        N_("“{address}” is not an address of a place for copies."),
        _NOTHING_WRITTEN,
        N_(
            "Write it like sftp://user@server/folder, smb://server/share/folder, rest:https://server/name or s3:https://server/bucket."
        ),
    ),
    "backend-refused": ErrorText(
        N_("The server does not allow this ({reason})."),
        _UNTOUCHED,
        N_("A server that only ever adds removes nothing; clear out on the server itself."),
    ),
    "server-login": ErrorText(
        N_("The server does not accept our name, password or key."),
        _OLD_COPIES,
        N_("Ask the IT provider whether the password was changed, and to enter the new one."),
    ),
    "server-not-trusted": ErrorText(
        N_("Another server answers than the one that was set up."),
        N_("Nothing was sent to it. Earlier copies are still where they were."),
        N_("Ask the IT provider whether the server was replaced. If not, somebody may be pretending to be it."),
    ),
    "backend-read-only": ErrorText(
        N_("Nothing can be written to this disk."),
        _OLD_COPIES,
        N_("Look for a switch on the disk, or use another one."),
    ),
    "file-missing": ErrorText(
        N_("Part of the copies in this place is missing."),
        _ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    # Places
    "target": ErrorText(N_("Something is wrong with {target}."), _DATA_FINE, _ASK_IT),
    "target-not-there": ErrorText(N_("{target} is not there."), _OLD_COPIES, _LOOK_CABLE),
    "wrong-disk": ErrorText(
        N_("This is another disk than {target}."),
        _NOTHING_WRITTEN,
        N_("Plug in the disk with the right name or colour."),
    ),
    "target-unsuitable": ErrorText(N_("Copies cannot be kept here ({path})."), _NOTHING_WRITTEN, _OTHER_PLACE),
    "target-has-other-data": ErrorText(
        N_("There is something else in this folder already ({path})."),
        _NOTHING_WRITTEN,
        N_("Choose an empty folder."),
    ),
    "place-secret-missing": ErrorText(
        N_("The password for {target} is not on this computer any more."),
        _OLD_COPIES,
        N_("Ask the IT provider to enter it again."),
    ),
    "marker-damaged": ErrorText(
        N_("Vangnet cannot tell which disk this is: its name plate is missing or damaged ({path})."),
        _NOTHING_WRITTEN,
        N_("Ask the IT provider to look; the copies on it can still be whole."),
    ),
    "key-ring-missing": ErrorText(
        N_("The keys of the copies are not on this computer, or not whole."),
        N_("The copies are still there, and the recovery key opens them."),
        N_("Ask the IT provider to put the keys back with the recovery sheet."),
    ),
    "recovery-key-mistyped": ErrorText(
        N_("The recovery key was not typed right."),
        _UNTOUCHED,
        N_("Compare it with the recovery sheet, group by group."),
    ),
    # Jobs
    "job": ErrorText(N_("The work could not be done."), _OLD_COPIES, _AGAIN),
    "unknown-data-set": ErrorText(
        N_("There is no data set {data_set} on this computer."), _UNTOUCHED, N_("Look in the list of data.")
    ),
    "unknown-target": ErrorText(
        N_("There is no place for copies called {target}."), _UNTOUCHED, N_("Look in the list of places.")
    ),
    "unknown-task": ErrorText(
        N_("There is no task called {task} now."), _NOTHING_WRITTEN, N_("Look in the list: vangnet tasks --all.")
    ),
    "unknown-event": ErrorText(
        N_("The policy names no event {event}."), _NOTHING_WRITTEN, N_("Choose one of: {known}.")
    ),
    "task-done-elsewhere": ErrorText(
        N_("Nobody has to declare this done: Vangnet sees it when it is."),
        _NOTHING_WRITTEN,
        N_("Do what the task says: vangnet task show {task}."),
    ),
    "evidence-missing": ErrorText(
        N_("This cannot be closed yet: something must show that it was done."),
        _NOTHING_WRITTEN,
        N_("Give what is missing: {wanted}."),
    ),
    "evidence-unusable": ErrorText(
        N_("This cannot be kept as evidence: {what}."), _NOTHING_WRITTEN, N_("Give something else.")
    ),
    "postpone-refused": ErrorText(
        N_("This cannot be put off like that."), _NOTHING_WRITTEN, N_("Do it now, or ask the director.")
    ),
    "exemption-refused": ErrorText(
        N_("Nobody can be exempt from this: a document demands it."), _NOTHING_WRITTEN, N_("Do it, or put it off.")
    ),
    "no-copies-here": ErrorText(
        N_("There are no copies of Vangnet in {path}."),
        _NOTHING_WRITTEN,
        N_("Choose the disk itself, or the folder with the file vangnet.json."),
    ),
    "not-taken-over": ErrorText(
        N_("These copies cannot be taken over."), _NOTHING_WRITTEN, N_("Getting files back works all the same.")
    ),
    "settings-damaged": ErrorText(
        N_("The settings beside the copies cannot be read."),
        N_("The copies themselves can be read."),
        N_("Get your files back, and set this computer up anew."),
    ),
    "source-missing": ErrorText(
        N_("None of the folders of {data_set} is there."),
        N_("Earlier copies are still there."),
        N_("Look whether the folder was moved, or its disk or share is gone."),
    ),
    "source-empty": ErrorText(
        N_("The folders of {data_set} are empty. No copy was made of that."),
        N_("Earlier copies are still there."),
        N_("Look whether the disk or share with the data is connected. If they were removed, get them back."),
    ),
    "read-back-failed": ErrorText(
        N_("The full back-up on {target} could not be read back without errors."),
        _ONE_TO_DISTRUST,
        N_("Use another disk for the full back-up."),
    ),
    "no-room-for-full": ErrorText(
        N_("{target} has not enough room for the yearly full back-up."),
        _DATA_FINE,
        N_("Use a larger or an empty disk for it; the daily copies go on."),
    ),
    "check-failed": ErrorText(
        N_("The check found errors in the copies on {target}."),
        _ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    "keeping-everything": ErrorText(
        N_("Nothing is cleared on {target} now: every version is kept until somebody has judged what happened."),
        _DATA_FINE,
        N_("Look at Today: what waits for the director?"),
    ),
    "no-copy": ErrorText(N_("No copy of {data_set} is connected now."), _DATA_FINE, N_("Plug in a disk with copies.")),
    "restore-into-source": ErrorText(
        N_("Files are never put back on top of your data or copies ({to})."),
        _NOTHING_WRITTEN,
        N_("Choose a new folder."),
    ),
    "restore-test-not-identical": ErrorText(
        N_("The files that were put back are not the same as those that were copied."),
        _ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    "nothing-to-test": ErrorText(
        N_("The copy of {data_set} holds no file to test with."),
        _UNTOUCHED,
        N_("Look whether the right folders are being copied."),
    ),
    "answers-missing": ErrorText(
        N_("The yearly check is not complete yet: {items}."), _UNTOUCHED, N_("Answer these questions, then sign.")
    ),
    # What Vangnet remembers
    "records-damaged": ErrorText(N_("What Vangnet remembers cannot be read ({file})."), _UNTOUCHED, _ASK_IT),
    "records-too-new": ErrorText(
        N_("A newer Vangnet has been used here."), _UNTOUCHED, N_("Install the newest Vangnet.")
    ),
    "records-unusable": ErrorText(
        N_("Vangnet cannot write down what it does ({reason})."),
        _UNTOUCHED,
        N_("Look whether the disk of this computer is full."),
    ),
    "records-busy": ErrorText(N_("Another part of Vangnet is busy."), _UNTOUCHED, N_("Try again in a moment.")),
    "unknown-run": ErrorText(N_("This work is not known ({run})."), _UNTOUCHED, N_("Look in the list.")),
    "run-already-finished": ErrorText(N_("This work is finished already."), _UNTOUCHED, ""),
    "unknown-request": ErrorText(N_("This request is not known ({request})."), _UNTOUCHED, _AGAIN),
    "journal-key-damaged": ErrorText(N_("The key that signs the journal is damaged."), _UNTOUCHED, _ASK_IT),
    "agent-running": ErrorText(
        N_("Vangnet is at work already on this computer."), _UNTOUCHED, N_("Nothing needs to be done.")
    ),
    "wrong-pin": ErrorText(N_("The PIN is not right."), _UNTOUCHED, N_("Try again.")),
    "pin-locked": ErrorText(N_("There were too many wrong PINs."), _UNTOUCHED, N_("Try again in {wait_s} seconds.")),
    "pin-not-set": ErrorText(N_("There is no PIN yet."), _UNTOUCHED, N_("Choose a PIN first.")),
    "pin-already-set": ErrorText(
        N_("There is a PIN already."), _UNTOUCHED, N_("Change it with the PIN that holds now.")
    ),
    "pin-not-allowed": ErrorText(
        N_("This PIN is too short or too long."), _UNTOUCHED, N_("Choose one of {minimum} to {maximum} characters.")
    ),
    "pin-file-damaged": ErrorText(N_("The file with the PINs cannot be read."), _UNTOUCHED, _ASK_IT),
    # Asked from outside
    "request-refused": ErrorText(N_("Vangnet could not do what was asked ({reason})."), _UNTOUCHED, _AGAIN),
    "agent-gone": ErrorText(N_("The part of Vangnet that does the work has stopped."), _OLD_COPIES, _AGAIN),
    "unknown-name": ErrorText(N_("Nothing is called {name}."), _UNTOUCHED, N_("It can be: {known}.")),
    "unknown-item": ErrorText(N_("The yearly check has no question {item}."), _UNTOUCHED, N_("Look in the list.")),
    "unclear-time": ErrorText(
        N_("{text} is no day or time that Vangnet understands."), _UNTOUCHED, N_("Write it like 2026-11-20 18:00.")
    ),
    "demo-folder-used": ErrorText(
        N_("The folder {folder} is not empty."),
        _NOTHING_WRITTEN,
        N_("Choose a new or empty folder: the demo never mixes with real data."),
    ),
}
"""Every code of a `VangnetError`, and the two that a run may end with besides."""

_NOT_MOUNTED = ErrorText(
    N_("{target} is plugged in, but not opened by the computer."),
    _OLD_COPIES,
    N_("Click on the disk in the file manager, or unplug it and plug it in again."),
)
_EMPTY_FOLDER = ErrorText(
    N_("The folder of {target} is empty or gone: its disk or share is not there."), _OLD_COPIES, _LOOK_CABLE
)
_OTHER_KIND = ErrorText(
    N_("In the place of {target} stands another disk ({found}, {organisation})."),
    _NOTHING_WRITTEN,
    N_("Plug in the disk with the right name or colour."),
)


def _unsuitable(what: str, do: str = _OTHER_PLACE) -> ErrorText:
    return ErrorText(what, _NOTHING_WRITTEN, do)


REASONS: dict[tuple[str, str], ErrorText] = {
    ("not-taken-over", "no-settings"): ErrorText(
        N_("No settings lie beside these copies, so this computer cannot simply go on with them."),
        _NOTHING_WRITTEN,
        N_("Get your files back, then set this computer up anew, with an empty disk."),
    ),
    ("not-taken-over", "settings"): ErrorText(
        N_("The settings beside these copies are of another version of Vangnet, or damaged."),
        _NOTHING_WRITTEN,
        N_("Get your files back, and install the newest version of Vangnet."),
    ),
    ("not-taken-over", "already-set-up"): ErrorText(
        N_("Vangnet is set up on this computer already."),
        _NOTHING_WRITTEN,
        N_("Taking over is for a new computer; here you can get files back."),
    ),
    ("evidence-unusable", "unreadable"): ErrorText(
        N_("The photo {what} cannot be read."), _NOTHING_WRITTEN, N_("Look whether the file is there.")
    ),
    ("evidence-unusable", "no-file"): ErrorText(
        N_("{what} is no file."), _NOTHING_WRITTEN, N_("Give the file of the photo itself.")
    ),
    ("evidence-unusable", "empty"): ErrorText(
        N_("The photo {what} is empty."), _NOTHING_WRITTEN, N_("Take it again, or choose another one.")
    ),
    ("evidence-unusable", "too-large"): ErrorText(
        N_("The photo {what} is larger than 64 MB."), _NOTHING_WRITTEN, N_("Make it smaller, or choose another one.")
    ),
    ("evidence-unusable", "no-number"): ErrorText(
        N_("“{what}” is no number."), _NOTHING_WRITTEN, N_("Write it in digits, such as 12 or 4.5.")
    ),
    ("evidence-unusable", "too-long"): ErrorText(
        N_("This text is too long."), _NOTHING_WRITTEN, N_("Write less than 2000 characters.")
    ),
    ("evidence-unusable", "unknown"): ErrorText(
        N_("This task is not about {found} now."), _NOTHING_WRITTEN, N_("Choose one of: {known}.")
    ),
    ("postpone-refused", "not-open"): ErrorText(
        N_("This does not have to be done yet, so it cannot be put off."), _NOTHING_WRITTEN, ""
    ),
    ("postpone-refused", "never"): ErrorText(
        N_("This cannot wait."), _NOTHING_WRITTEN, N_("Do it now, or call the IT provider.")
    ),
    ("postpone-refused", "no-reason"): ErrorText(
        N_("Putting something off needs a reason."), _NOTHING_WRITTEN, N_("Say in a few words why it has to wait.")
    ),
    ("postpone-refused", "past"): ErrorText(
        N_("Choose a day after today."), _NOTHING_WRITTEN, N_("Write it as day-month-year, such as 31-1-2027.")
    ),
    ("postpone-refused", "too-far"): ErrorText(
        N_("This can wait {longest_days} days at most."), _NOTHING_WRITTEN, N_("Choose an earlier day.")
    ),
    ("postpone-refused", "director"): ErrorText(
        N_("This was put off before. Only the director can do that again."),
        _NOTHING_WRITTEN,
        N_("Do it now, or let the director fill in the PIN."),
    ),
    ("exemption-refused", "no-reason"): ErrorText(N_("Say why this does not apply here."), _NOTHING_WRITTEN, ""),
    ("target-not-there", "not-connected"): ErrorText(N_("{target} is not plugged in."), _OLD_COPIES, _LOOK_CABLE),
    ("target-not-there", "not-mounted"): _NOT_MOUNTED,
    ("target-not-there", "no-folder"): _EMPTY_FOLDER,
    ("target-not-there", "no-marker"): _EMPTY_FOLDER,
    ("target-not-there", "gone"): ErrorText(N_("{target} went away in the middle."), _OLD_COPIES, _LOOK_CABLE),
    ("target-not-there", "no-repository"): ErrorText(
        N_("There are no copies on {target} any more."),
        N_("Your own data are untouched. Nothing was written."),
        _ASK_IT,
    ),
    ("target-not-there", "no-answer"): ErrorText(
        N_("{target} does not answer."),
        _OLD_COPIES,
        N_("Look whether the network works and the server is switched on. The copy then starts by itself."),
    ),
    ("target-not-there", "login"): ErrorText(
        N_("{target} does not accept our name, password or key."),
        _OLD_COPIES,
        N_("Ask the IT provider whether the password was changed, and to enter the new one."),
    ),
    ("target-not-there", "other-server"): ErrorText(
        N_("Another server answers than the one that was set up for {target}."),
        N_("Nothing was sent to it. Earlier copies are still where they were."),
        N_("Ask the IT provider whether the server was replaced. If not, somebody may be pretending to be it."),
    ),
    ("target-not-there", "unreadable"): ErrorText(N_("{target} cannot be read."), _OLD_COPIES, _LOOK_CABLE),
    ("disk-action-refused", "busy"): ErrorText(
        N_("Another program still has something open on this disk ({device})."),
        _UNTOUCHED,
        N_("Close the files and windows of this disk, then try again."),
    ),
    ("disk-action-refused", "not-allowed"): ErrorText(
        N_("You may not do that with the disk {device} on this computer."),
        _UNTOUCHED,
        N_("Open the disk in the file manager, or ask the IT provider."),
    ),
    ("disk-action-refused", "gone"): ErrorText(
        N_("The disk {device} is not there any more."), _UNTOUCHED, N_("Plug it in again.")
    ),
    ("disk-action-refused", "not-supported"): ErrorText(
        N_("This computer cannot use what is on the disk {device}."),
        _UNTOUCHED,
        N_("Have it erased for copies, or use another disk."),
    ),
    ("disk-not-to-be-erased", "system"): ErrorText(
        N_("This disk belongs to the computer itself and is not erased ({device})."),
        _NOTHING_WRITTEN,
        N_("Choose another disk."),
    ),
    ("disk-not-to-be-erased", "holds-data"): ErrorText(
        N_("Data that is copied every day lies on this disk ({device}); it is not erased."),
        _NOTHING_WRITTEN,
        N_("Choose another disk."),
    ),
    ("disk-not-to-be-erased", "several-parts"): ErrorText(
        N_("This disk has several parts in use ({device}); Vangnet does not erase it."),
        _NOTHING_WRITTEN,
        N_("Choose another disk."),
    ),
    ("disk-not-to-be-erased", "target"): ErrorText(
        N_("This disk holds copies: {found}. It is not erased."), _UNTOUCHED, N_("Choose another disk.")
    ),
    ("disk-not-to-be-erased", "on-battery"): ErrorText(
        N_("The computer runs on battery; no disk is erased then."),
        _NOTHING_WRITTEN,
        N_("Wait until the mains are back."),
    ),
    ("disk-not-to-be-erased", "name-not-typed"): ErrorText(
        N_("That is not the name of the disk ({wanted})."), _NOTHING_WRITTEN, N_("Type it exactly as it stands there.")
    ),
    ("wrong-disk", "serial"): ErrorText(
        N_("This looks like {target}, but it is another device: a copy of that disk, or the disk in another housing."),
        N_("Nothing was written to it. Earlier copies are untouched."),
        N_("Is it really {target}? Then say so under “Disks”. Otherwise plug in the right one."),
    ),
    ("wrong-disk", "marker"): _OTHER_KIND,
    ("wrong-disk", "repository"): ErrorText(
        N_("The copies on {target} are not the ones that belong there."), _NOTHING_WRITTEN, _ASK_IT
    ),
    ("wrong-disk", "ambiguous"): ErrorText(
        N_("Two disks say that they are {target}."), _NOTHING_WRITTEN, N_("Unplug one of them.")
    ),
    ("target-unsuitable", "no-folder"): _unsuitable(N_("There is no such folder ({path}).")),
    ("target-unsuitable", "not-a-folder"): _unsuitable(N_("This is no folder ({path}).")),
    ("target-unsuitable", "not-mounted"): _unsuitable(
        N_("This disk is not opened by the computer ({path})."),
        N_("Click on the disk in the file manager, or unplug it and plug it in again."),
    ),
    ("target-unsuitable", "inside-source"): _unsuitable(
        N_("This folder is itself one of those that are copied ({path}).")
    ),
    ("target-unsuitable", "holds-source"): _unsuitable(N_("The data to copy lie in this folder ({path}).")),
    ("target-unsuitable", "same-device"): _unsuitable(
        N_("This folder is on the same disk as your data: one broken disk would take both.")
    ),
    ("target-unsuitable", "own-folder"): _unsuitable(N_("Vangnet keeps its own things in this folder ({path}).")),
    ("target-unsuitable", "path-outside-disk"): _unsuitable(N_("This folder is not on the disk itself ({path}).")),
    ("target-unsuitable", "no-file-system-uuid"): _unsuitable(
        N_("This disk has no number of its own to know it by."), N_("Have it formatted, or use another disk.")
    ),
    ("target-unsuitable", "read-only"): _unsuitable(N_("Nothing can be written here ({path}).")),
    ("target-unsuitable", "not-writable"): _unsuitable(N_("You may not write here ({path}).")),
    ("target-unsuitable", "too-little-space"): _unsuitable(N_("There is too little space here ({free_bytes} free).")),
    ("target-unsuitable", "file-size-limit"): _unsuitable(
        N_("This disk cannot hold large files (FAT32). Copies fit, but your own files of 4 GB and more do not."), ""
    ),
    ("target-unsuitable", "tight-space"): _unsuitable(
        N_("It is full within a year: {free_bytes} free, about {need_bytes} wanted. Old versions are cleared earlier."),
        "",
    ),
    ("target-unsuitable", "no-permissions"): _unsuitable(
        N_("Whoever holds this disk can delete the copies ({fs_type}). Nobody can read them without the key."), ""
    ),
    ("target-unsuitable", "same-site"): _unsuitable(
        N_("A fire or a theft takes this disk together with your data. Keep one disk in another building."), ""
    ),
    ("target-unsuitable", "worn"): _unsuitable(
        N_("This disk says of itself that it is worn. It may be used, but think of a new one."), ""
    ),
    ("target-unsuitable", "failing"): _unsuitable(N_("This disk says of itself that it is about to fail.")),
    ("target-has-other-data", "other-organisation"): ErrorText(
        N_("This disk holds copies of {organisation}."), _NOTHING_WRITTEN, N_("Use another disk.")
    ),
    ("target-has-other-data", "other-target"): ErrorText(
        N_("This disk is in use already as {found}."), _NOTHING_WRITTEN, N_("Use another disk.")
    ),
    ("recovery-key-mistyped", "length"): ErrorText(
        N_("The recovery key is too short or too long."), _UNTOUCHED, N_("Type every group of the recovery sheet.")
    ),
    ("recovery-key-mistyped", "check"): ErrorText(
        N_("There is a typing mistake in group {groups} of the recovery key."),
        _UNTOUCHED,
        N_("Compare it with the recovery sheet, group by group."),
    ),
}
"""Where the reason in an error's data has more to say."""
