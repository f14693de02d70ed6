"""Actions of the screens beside the inbox: campaigns, contacts, flows, metrics, templates, operation."""

from __future__ import annotations

from pytake_cli.tui.actions.kind import Action

LAUNCH = "campaigns:launch"

CAMPAIGNS = (
    Action("campaign.pause", "Pause or go on", "Stops once what is on its way has gone; again goes on.",
           {"campaigns": "space"}, "pause/go on", 5, needs=LAUNCH, cli="pytake campaign pause {campaign}"),
    Action("campaign.open", "Look closer", "Moves to the card, and back.", {"campaigns": "enter"}, "details", 10,
           cli="pytake campaign show {campaign}"),
    Action("campaign.new", "New campaign", "A campaign file to fill in.", {"campaigns": "c"}, "new", 20,
           needs="campaigns:write", cli="pytake campaign new"),
    Action("campaign.edit", "Edit", "The command that opens its file; what is launched stays as it is.",
           {"campaigns": "E"}, needs="campaigns:write", cli="$EDITOR campaigns/{campaign}.yaml"),
    Action("campaign.duplicate", "Duplicate", "The same campaign under another name; nothing is sent.",
           {"campaigns": "D"}, "duplicate", 24, needs="campaigns:write", cli="pytake campaign clone {campaign} NEW"),
    Action("campaign.cancel", "Cancel…", "Ends it for good; asks for its name.", {"campaigns": "K"}, "cancel…", 22,
           needs=LAUNCH, cli="pytake campaign cancel {campaign}"),
    Action("campaign.retry", "Try the failed ones again", "Only those that may be tried again.", {"campaigns": "R"},
           needs=LAUNCH, cli="pytake campaign retry {campaign}"),
    Action("campaign.download", "Download the failed ones", "A CSV file with everybody whose message failed.",
           {"campaigns": "d"}, "download failed", 26, cli="pytake campaign recipients {campaign} --state failed --csv"),
    Action("campaign.reply", "Open the newest reply", "Goes to the conversation.", {"campaigns": "o"}, "reply", 30),
)  # fmt: skip

CONTACTS = (
    Action("contact.open", "Look closer", "Moves to the card, and back.", {"contacts": "enter"}, "details", 10,
           cli="pytake contact show contact:{contact}"),
    Action("contact.filter", "Segment", "A line such as tag:vip city=Recife; counts while you type.", {"contacts": "f"},
           "segment", 6, cli="pytake contact list -w {where}"),
    Action("contact.save", "Save as a segment", "Gives the line a name.", {"contacts": "F"}, "save", 30,
           needs="segments:write", cli="pytake segment create {name} -w {where}"),
    Action("contact.edit", "Edit", "Name, language, your own fields.", {"contacts": "E", "sidebar": "E"}, "edit", 12,
           needs="contacts:write", cli="pytake contact set contact:{contact} NAME=VALUE"),
    Action("contact.tag", "Tags", "Puts tags on and takes them off.", {"contacts": "l"}, "tags", 14,
           needs="contacts:write", cli="pytake contact tag contact:{contact} TAG"),
    Action("contact.history", "History", "What happened, the newest first.", {"contacts": "w"}, "history",
           16, cli="pytake contact history contact:{contact}"),
    Action("contact.write", "Write to them", "Opens their conversation, or a new one.", {"contacts": "c"}, "write", 8,
           needs="conversations:write", cli="pytake chat contact:{contact}"),
)  # fmt: skip

FLOWS = (
    Action("flow.open", "Look closer", "Moves to the simulator, and back.", {"flows": "enter"}, "simulate", 5),
    Action("flow.restart", "Start again", "The simulated talk from its beginning.", {"flows": "r"}, "restart", 10,
           cli="pytake flow simulate {flow}"),
    Action("flow.record", "Keep as a test", "The simulated talk as a test, in the file beside the flow.",
           {"flows": "t", "simulator": "ctrl+t"}, "keep as a test", 12, needs="flows:write",
           cli="pytake flow simulate {flow} --record flows/{flow}.test.yaml"),
    Action("flow.edit", "Edit in $EDITOR", "At the line of the problem, if there is one.", {"flows": "E"}, "$EDITOR", 8,
           needs="flows:write", cli="$EDITOR flows/{flow}.yaml"),
    Action("flow.diff", "What would change", "The file beside what is published.", {"flows": "d"}, "diff", 14,
           cli="pytake flow diff {flow}"),
    Action("flow.publish", "Publish…", "Shows the difference first.", {"flows": "p"}, "publish…", 16,
           needs="flows:publish", cli="pytake flow publish {flow}"),
    Action("flow.heat", "How many are where", "Numbers beside each step, or not.", {"flows": "h"}, "heat", 18,
           cli="pytake flow stats {flow}"),
    Action("flow.coverage", "Coverage", "Plays the tests of the file and shows what none of them has walked.",
           {"flows": "c"}, "coverage", 22, cli="pytake flow test {flow} --cov"),
    Action("flow.picture", "Save as a picture", "The flow of the file as SVG, into the current folder.", {"flows": "x"},
           "SVG", 24, cli="pytake flow graph {flow} --format svg > {flow}.svg"),
    Action("flow.pause", "Pause or go on", "A paused flow starts no talks.", {"flows": "space"}, "pause", 20,
           needs="flows:publish", cli="pytake flow disable {flow}"),
)  # fmt: skip

METRICS = (
    Action("metrics.day", "By day", "", {"metrics": "d"}, "day", 5, cli="pytake analytics show --period 1d"),
    Action("metrics.week", "By week", "", {"metrics": "w"}, "week", 6, cli="pytake analytics show --period 7d"),
    Action("metrics.month", "By month", "", {"metrics": "m"}, "month", 7, cli="pytake analytics show --period 30d"),
    Action("metrics.earlier", "Earlier", "The period before.", {"metrics": "left_square_bracket"}, "earlier", 10),
    Action("metrics.later", "Later", "The period after.", {"metrics": "right_square_bracket"}, "later", 11),
    Action("metrics.table", "As tables", "The same numbers as tables, and back.", {"metrics": "t"}, "table", 8,
           cli="pytake analytics show"),
    Action("metrics.agent", "By agent", "A table of what each did, and back.", {"metrics": "a"}, "by agent", 14,
           cli="pytake analytics show --by agent"),
    Action("metrics.label", "By label", "A table of what it was about, and back.", {"metrics": "l"}, "by label", 15,
           cli="pytake analytics show --by label"),
    Action("metrics.export", "Export", "Writes the numbers as a CSV file into the current folder.", {"metrics": "e"},
           "export", 20, cli="pytake analytics export metrics.csv"),
)  # fmt: skip

TEMPLATES = (
    Action("template.open", "Look closer", "Moves to the preview, and back.", {"templates": "enter"}, "details", 10,
           cli="pytake template show {template}"),
    Action("template.pull", "Ask Meta", "Fetches statuses and contents from Meta.", {"templates": "r"}, "ask Meta", 12,
           needs="templates:write", cli="pytake template pull"),
)  # fmt: skip

OPS = (
    Action("ops.retry", "Try again", "Queues what failed again.", {"ops": "R"}, "try again", 10, needs="ops:read",
           cli="pytake queue retry {entry}"),
    Action("ops.drop", "Drop…", "Takes it out of the queue for good.", {"ops": "K"}, "drop…", 12, needs="ops:read",
           cli="pytake queue drop {entry}"),
    Action("ops.open", "Look closer", "Moves to the other pane.", {"ops": "enter"}, "details", 14),
)  # fmt: skip

SCREENS_ACTIONS = (*CAMPAIGNS, *CONTACTS, *FLOWS, *METRICS, *TEMPLATES, *OPS)
CHAINS_OF_SCREENS: dict[str, tuple[str, ...]] = {
    **{name: (name, "all", "always") for name in ("campaigns", "contacts", "flows", "metrics", "templates", "ops")},
    "simulator": ("simulator", "always"),
}
