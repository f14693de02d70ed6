"""Actions on a conversation: in the list, in the chat, and while writing."""

from __future__ import annotations

from pytake_cli.tui.actions.kind import Action, Here, reason

WRITE = "conversations:write"


def _no_conversation(here: Here) -> str:
    return "" if here.row or here.marked else reason("no conversation is chosen")


def _resolved(here: Here) -> str:
    if here.row and not here.marked and here.row.status == "resolved":
        return reason("it is resolved already")
    return _no_conversation(here)


def _no_flow(here: Here) -> str:
    if here.row and not here.marked and not here.row.bot_owns:
        return reason("no flow is in control")
    return _no_conversation(here)


def _flow_already(here: Here) -> str:
    if here.row and not here.marked and here.row.bot_owns:
        return reason("a flow is in control already")
    return _no_conversation(here)


def _mine_already(here: Here) -> str:
    row = here.row
    if row and not here.marked and row.assignee and here.me and row.assignee.id == here.me.id:
        return reason("it is yours already")
    return _no_conversation(here)


def _nothing_to_repeat(here: Here) -> str:
    return "" if here.can_repeat else reason("nothing was done yet")


def _no_media(here: Here) -> str:
    return "" if here.item and here.item.media and here.item.media.id else reason("the message has no file")


def _no_audio(here: Here) -> str:
    return (
        "" if here.item and here.item.media and here.item.media.kind == "audio" else reason("the message is no audio")
    )


def _no_message(here: Here) -> str:
    return "" if here.item and here.item.type == "message" else reason("no message is chosen")


def _not_failed(here: Here) -> str:
    return "" if here.item and here.item.status == "failed" else reason("the message did not fail")


INBOX = (
    Action("conversation.reply", "Write an answer", "In the chat: quotes the message that is chosen.",
           {"inbox": "enter r"}, "write", 5, needs=WRITE, cli="pytake message send --to {phone} -m TEXT",
           blocked=_no_conversation),
    Action("conversation.note", "Internal note", "Only the team sees it.", {"inbox": "i"}, "note", 12, needs=WRITE,
           cli="pytake conversation note {id} -m TEXT", blocked=_no_conversation),
    Action("conversation.template", "Template", "Approved messages; the only ones that arrive outside the window.",
           {"inbox": "T", "composer": "ctrl+t"}, "template", 20, needs=WRITE,
           cli="pytake message send --to {phone} --template NAME", blocked=_no_conversation),
    Action("conversation.attach", "Attach a file",
           "Shows what it is before it goes; a file dropped here does the same.", {"inbox": "A"}, needs=WRITE,
           cli="pytake message send --to {phone} --document FILE", blocked=_no_conversation),
    Action("conversation.takeover", "Take over from the flow", "The flow ends, you answer.", {"inbox": "t"},
           "take over", 4, needs=WRITE, undo="conversation.handback", cli="pytake conversation takeover {id}",
           bulk=True, blocked=_no_flow),
    Action("conversation.handback", "Hand back to the flow", "The bot answers again.", {"inbox": "b"}, needs=WRITE,
           undo="conversation.takeover", cli="pytake conversation handback {id}", bulk=True, blocked=_flow_already),
    Action("conversation.claim", "Make it mine", "You answer this conversation.", {"inbox": "m"}, "mine", 14,
           needs=WRITE, undo="conversation.assign", cli="pytake conversation claim {id}", bulk=True,
           blocked=_mine_already),
    Action("conversation.assign", "Assign to…", "A colleague or a team.", {"inbox": "a"}, "assign", 16, needs=WRITE,
           undo="conversation.assign", cli="pytake conversation assign {id} --to NAME", bulk=True,
           blocked=_no_conversation),
    Action("conversation.label", "Labels", "Sets or takes off several at once.", {"inbox": "l"}, "labels", 30,
           needs=WRITE, undo="conversation.label", cli="pytake conversation label {id} --add NAME", bulk=True,
           blocked=_no_conversation),
    Action("conversation.resolve", "Resolve", "Marks it as resolved; u takes it back.", {"inbox": "e"}, "resolve", 10,
           needs=WRITE, undo="conversation.reopen", cli="pytake conversation resolve {id}", bulk=True,
           blocked=_resolved),
    Action("conversation.ending", "Resolve and ask how it was", "Asks the customer for one to five stars; with a note.",
           {"inbox": "E"}, needs=WRITE, undo="conversation.reopen", cli="pytake conversation resolve {id} --csat",
           bulk=True, blocked=_resolved),
    Action("conversation.reopen", "Reopen", "Brings a resolved conversation back.", {}, needs=WRITE,
           undo="conversation.resolve", cli="pytake conversation reopen {id}", bulk=True, blocked=_no_conversation),
    Action("conversation.snooze", "Snooze", "Comes back at a time, or when the customer writes.", {"inbox": "z"},
           "snooze", 18, needs=WRITE, undo="conversation.wake", cli="pytake conversation snooze {id} --until TIME",
           bulk=True, blocked=_no_conversation),
    Action("conversation.wake", "Wake", "Ends the snooze.", {}, needs=WRITE, cli="pytake conversation wake {id}",
           bulk=True, blocked=_no_conversation),
    Action("conversation.priority", "Priority", "Low, normal, high, urgent.", {"inbox": "exclamation_mark"},
           needs=WRITE, undo="conversation.priority", cli="pytake conversation priority {id} --set high", bulk=True,
           blocked=_no_conversation),
    Action("conversation.macro", "Run a macro", "Several steps at once; shows them first.", {"inbox": "M"},
           needs=WRITE, cli="pytake conversation macro {id} NAME", bulk=True, blocked=_no_conversation),
    Action("conversation.unread", "Mark as unread", "For later.", {"inbox": "U"}, needs=WRITE,
           cli="pytake conversation unread {id}", bulk=True, blocked=_no_conversation),
    Action("conversation.next", "Next that waits for me", "The one that waits longest.",
           {"inbox": "n", "composer": "ctrl+n"}, "next", 8),
    Action("conversation.previous", "Previous that waits", "One back in the same order.", {"inbox": "p"}),
    Action("conversation.back", "Back", "The conversation that was open before.", {"inbox": "minus"}),
    Action("conversation.new", "New conversation", "With a contact or a phone number.", {"inbox": "c"}, needs=WRITE,
           cli="pytake message send --to PHONE --template NAME"),
    Action("conversation.sidebar", "Contact beside", "Shows or hides what is known about the customer.",
           {"inbox": "s"}, "contact", 60, cli="pytake conversation show {id}"),
    Action("conversation.history", "Who did what, when", "The trail of this conversation.", {"inbox": "w"},
           cli="pytake conversation history {id}", blocked=_no_conversation),
    Action("app.repeat", "Repeat", "The last action again, on this conversation.", {"inbox": "full_stop"},
           needs=WRITE, blocked=_nothing_to_repeat),
)  # fmt: skip

CHAT = (
    Action("message.react", "React", "An emoji on the message.", {"chat": "plus"}, needs=WRITE,
           cli="pytake message react {message} --emoji 👍", blocked=_no_message),
    Action("message.resend", "Send again", "For a message that failed.", {"chat": "R"}, "resend", 6, needs=WRITE,
           cli="pytake message retry {message}", blocked=_not_failed),
    Action("media.view", "Open the file", "Shows a picture here, anything else outside; else the text as it came.",
           {"chat": "v"}, "open", 7, cli="pytake media get {media}", blocked=_no_media),
    Action("media.download", "Download the file", "Into the current folder.", {"chat": "d"},
           cli="pytake media get {media}", blocked=_no_media),
    Action("media.play", "Play the audio", "With mpv or ffplay.", {"chat": "V"}, blocked=_no_audio),
)  # fmt: skip

SEEK = (
    Action("seek.next", "Next find", "Further back in the conversation.", {"seek": "n"}, "next find", 1),
    Action("seek.previous", "Find before", "Towards the end of the conversation.", {"seek": "N"}, "find before", 2),
    Action("seek.end", "End the search", "n means the next conversation again.", {"seek": "escape"}, "end search", 3),
)

COMPOSER = (
    Action("composer.send", "Send", "Sends the message, or adds the note.", {"composer": "enter"}, "send", 1),
    Action("composer.newline", "New line", "", {"composer": "ctrl+j"}, "line", 2),
    Action("composer.leave", "Leave the composer", "Closes what popped up, else goes to the chat; the draft stays.",
           {"composer": "escape"}, "leave", 6),
    Action("composer.mode", "Answer or note", "What you write goes to the customer, or to the team.",
           {"composer": "ctrl+r"}, "note", 4),
    Action("composer.editor", "Write in $EDITOR", "", {"composer": "ctrl+o"}, "editor", 25),
    Action("composer.drop", "Drop the quote", "Takes away the quote or the file.", {"composer": "ctrl+g"}),
    Action("composer.send_other", "Send", "When Enter makes a new line.", {"composer": "ctrl+s"}),
    Action("composer.tab", "Next open place", "Goes to the next {{place}}, or leaves the composer.",
           {"composer": "tab"}),
    Action("composer.up", "Last message", "In an empty composer: the last one that failed, else into the chat.",
           {"composer": "up"}),
)  # fmt: skip
