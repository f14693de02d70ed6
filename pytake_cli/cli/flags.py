"""The global flags: what they are called, whether they take a value, what they mean. Light: the fast front reads it."""

from __future__ import annotations

# (flags, metavar or "", help); the name in Flags is the longest flag without dashes
GLOBAL: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("-o", "--org"), "SLUG", "Organisation to act on."),
    (("--profile",), "NAME", "Named set of settings."),
    (("--json",), "", "JSON: an array for lists, an object for one thing."),
    (("--jsonl",), "", "One JSON object a line."),
    (("--fields",), "A,B,C", "Fields to show; all, or help for what there is."),
    (("--jq",), "EXPR", "Filters the JSON."),
    (("--format",), "TEXT", "One line a row, with {field} placeholders, \\t and \\n."),
    (("--plain",), "", "A table without colours, whatever stdout is."),
    (("--tsv",), "", "Tab-separated values, whatever stdout is."),
    (("--csv",), "", "Comma-separated values."),
    (("--header",), "", "A header line also for TSV."),
    (("--no-header",), "", "No header line."),
    (("-n", "--dry-run"), "", "Says what would happen and changes nothing."),
    (("-y", "--yes"), "", "Answers yes to ordinary questions."),
    (("--no-input",), "", "Never asks; what is missing is an error."),
    (("-q", "--quiet"), "", "Only data and errors."),
    (("-v", "--verbose"), "", "More narration; -vv also tracebacks and calls to Meta."),
    (("--color",), "WHEN", "auto, always or never."),
    (("--no-color",), "", "No colours."),
    (("--ascii",), "", "No box drawing, ticks or emoji of our own."),
    (("--no-pager",), "", "Never starts a pager."),
    (("--lang",), "LANG", "Language of narration: en or pt-BR."),
    (("--tz",), "ZONE", "Time zone for display and input; JSON is always UTC."),
    (("--timeout",), "SECONDS", "How long to wait for the network."),
    (("-C",), "DIR", "Runs as if started in DIR."),
    (("-h", "--help"), "", "Shows help, anywhere in the line."),
    (("--version",), "", "Shows the version."),
)

TAKES_VALUE: dict[str, bool] = {flag: bool(metavar) for flags, metavar, _ in GLOBAL for flag in flags}


def name_of(flag: str) -> str:
    """`-o` and `--org` -> `org`; `-C` -> `directory`."""
    for flags, _, _ in GLOBAL:
        if flag in flags:
            return "directory" if flag == "-C" else flags[-1].lstrip("-").replace("-", "_")
    raise KeyError(flag)
