"""Actions that work on every screen, and those of lists."""

from __future__ import annotations

from pytake_cli.tui.actions.kind import Action, Here, reason
from pytake_cli.tui.screens import SCREENS


def _nothing_to_undo(here: Here) -> str:
    return "" if here.can_undo else reason("there is nothing to take back")


OPENERS = tuple(
    Action(f"screen.{entry.slug}", entry.title, entry.help, {"all": entry.key}, needs=entry.needs, cli=entry.cli)
    for entry in SCREENS
)

EVERYWHERE = (
    *OPENERS,
    Action("app.palette", "Command palette", "Every action by its name; also conversations, labels and people.",
           {"all": "colon", "always": "ctrl+p"}, "commands", 95),
    Action("app.help", "Keys of this place", "All keys that work here, to be searched.",
           {"all": "question_mark", "always": "f1"}, "help", 96),
    Action("pane.next", "Next pane", "Moves the focus to the right.", {"all": "tab right"}),
    Action("pane.previous", "Previous pane", "Moves the focus to the left.", {"all": "shift+tab left"}),
    Action("move.down", "Down", "One further down.", {"all": "j down"}),
    Action("move.up", "Up", "One further up.", {"all": "k up"}),
    Action("move.page_down", "Page down", "A screenful further down.", {"all": "pagedown ctrl+d"}),
    Action("move.page_up", "Page up", "A screenful further up.", {"all": "pageup ctrl+u"}),
    Action("move.top", "To the top", "To the first; what is new comes into view.", {"all": "g home"}),
    Action("move.bottom", "To the bottom", "To the last.", {"all": "G end"}),
    Action("app.undo", "Undo", "Takes back the last action, within 10 seconds; later from the activity log.",
           {"all": "u"}, "undo", 40, needs="conversations:write", cli="pytake conversation undo",
           blocked=_nothing_to_undo),
    Action("app.copy", "Copy", "Copies the message, or the number of the conversation, to the clipboard.",
           {"all": "y ctrl+c"}),
    Action("app.command", "Show the command", "The command line that does or shows the same.",
           {"all": "equals_sign"}),
    Action("app.activity", "Activity log", "What you and others did; takes things back from there.",
           {"all": "L"}, cli="pytake conversation history"),
    Action("app.pause", "Available or on pause", "On pause you are given no conversations, and nothing rings.",
           {"all": "P"}, needs="conversations:write", cli="pytake team agent @me --availability paused"),
    Action("app.theme", "Next colours", "Dark, light, high contrast, the terminal's own.", {}),
    Action("app.language", "Português or English", "Changes the language of the inbox.", {}),
    Action("app.tips", "No more tips", "Those of the first week; again brings them back.", {"all": "Q"}),
    Action("app.redraw", "Redraw", "Draws everything again; without a connection, tries at once.",
           {"always": "ctrl+l"}),
    Action("app.screenshot", "Photograph", "Saves what the screen shows as an SVG file.", {}),
    Action("app.quit", "Leave", "Asks only if messages are waiting to be sent.", {"all": "q"}),
    Action("app.quit_now", "Leave now", "Does not ask; messages that wait are kept as drafts.",
           {"always": "ctrl+q"}),
)  # fmt: skip

LISTS = (
    Action("list.search", "Search", "Looks for a name, a number or words.", {"all": "slash"}, "search", 45,
           cli="pytake conversation search {query}"),
    Action("list.all", "The whole list again", "Shows all conversations of the view after a search.",
           {"inbox": "escape"}),
    Action("list.filter", "Filter", "A line such as status:open label:vip waiting>10m.", {"lists": "f"},
           cli="pytake conversation list -w {where}"),
    Action("list.save", "Save the filter as a view", "Gives the filter a name; it becomes a tab.", {"lists": "F"},
           needs="conversations:write", cli="pytake view create {name} -w {where}"),
    Action("list.order", "Order", "Waiting longest, last activity, window closing first, priority.",
           {"lists": "o"}),
    Action("list.star", "Star", "Pins the conversation to the top; again takes it off.", {"lists": "asterisk"},
           needs="conversations:write", cli="pytake conversation star {id}", bulk=True),
    Action("list.mark", "Mark", "Marks it and goes on; actions then are for all that are marked.", {"lists": "x"}),
    Action("list.mark_all", "Mark all or none", "Marks what the view shows, or clears the marks.", {"lists": "X"}),
    Action("view.previous", "Previous view", "The tab to the left.", {"lists": "left_square_bracket"}),
    Action("view.next", "Next view", "The tab to the right.", {"lists": "right_square_bracket"}),
)  # fmt: skip
