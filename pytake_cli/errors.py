"""Every error on purpose: what, why, what to do next, a slug, an exit code, an HTTP status.

PytakeError
├── UsageError        2   400   the command line is wrong
├── WouldFail         3   409   a dry run found what would stop the real one
├── AuthError         4   401   not logged in, token expired
├── NotFound          5   404   the named thing does not exist
├── Conflict          6   409   exists already, changed meanwhile, or somebody else holds it
├── PartialFailure    7   207   some items failed
├── Pending           8   202   not finished within the time allowed
├── LimitReached      9   422   a stop that the user or Meta set was hit
├── UpstreamError    10   502   Meta or another remote refused or cannot be reached
│   └── SendError    10   502   a send failed; `retryable` tells whether trying again may help
├── InputNeeded      64   400   a prompt was needed and nobody is there to answer
├── InvalidData      65   422   a file, a payload or a value does not validate
├── DaemonDown       69   503   `pytake serve` is needed and does not answer
├── Forbidden        77   403   the role lacks the permission
└── ConfigError      78   500   settings, secrets or the store's version do not fit
    └── StoreUnavailable  78  503  the store cannot be opened or written just now

An error is raised with its slug and an English template; values go in as keywords, so that the faces can translate:

    raise NotFound("PT-CONTACT", "no contact matches {ref}", fix="pytake contact list", ref=ref)
"""

from __future__ import annotations

from typing import Any, ClassVar

# slug -> what it means, in one English line (`pytake errors`; a test finds every slug raised anywhere here).
# PT-WA-<code> are not here: what Meta's codes mean stands in whatsapp.errors, their one table.
SLUGS: dict[str, str] = {
    "PT-ACCOUNT-BAN": "Meta disabled the WhatsApp account, or lifted that",
    "PT-AI-BUDGET": "language models cost a contact, a flow or the organisation all of the day's budget",
    "PT-AI-MODEL": "no language model is set for `ai` steps",
    "PT-AI-SPEND": "much of a day's budget for language models is used up",
    "PT-BACKUP-DAMAGED": "a backup is damaged or no backup of PyTake",
    "PT-BACKUP-EMPTY": "a backup holds no tables of PyTake",
    "PT-BACKUP-EXISTS": "a backup never takes the place of another file",
    "PT-BACKUP-FILE": "a backup cannot be read",
    "PT-BACKUP-KIND": "a backup is of SQLite and the store is PostgreSQL, or the other way round",
    "PT-BACKUP-TARGET": "a backup cannot be written there",
    "PT-BACKUP-TERMINAL": "a backup is no text for a terminal",
    "PT-BUG": "something failed that should not have; the report has the details",
    "PT-CHECK-BACKLOG": "webhooks are stored and not yet applied: the daemon is behind or does not run",
    "PT-CHECK-CLOCK": "this machine's clock and Meta's differ too much",
    "PT-CHECK-CONFIG": "there is no settings file yet",
    "PT-CHECK-DAEMON-FOREIGN": "something else answers where the daemon of this home should",
    "PT-CHECK-DAEMON-SICK": "the daemon answers, and says that something is wrong with it",
    "PT-CHECK-DISK": "there is little room left on the store's disk",
    "PT-CHECK-JOBS": "background jobs have failed and will not be tried again by themselves",
    "PT-CHECK-MODE": "other users of this machine may read a file of PyTake's",
    "PT-CHECK-NUMBER": "the number's status at Meta does not let it send",
    "PT-CHECK-QUALITY": "Meta rates the number lower because people block or report it",
    "PT-CHECK-QUARANTINE": "updates from Meta could not be applied and were set aside",
    "PT-CHECK-QUEUE": "messages wait longer to be sent than they should",
    "PT-CHECK-SECRET-ENV": "a secret comes from the environment, which other programs can see",
    "PT-CHECK-SUBSCRIPTION": "no app is subscribed to the WhatsApp account, so Meta sends no webhooks",
    "PT-CHECK-TERMINAL": "the terminal cannot show everything",
    "PT-CHECK-TIER": "most of the people that may be written to in a day have been",
    "PT-CHECK-TOKEN-EXPIRES": "the access token expires soon",
    "PT-CHECK-UNKNOWN": "it is not known whether some messages were sent; a person must say",
    "PT-CLAIM-OLD": "a claim on a message was too old to send it; it is claimed again",
    "PT-CONFIG-FILE": "a settings file cannot be read",
    "PT-CONFIG-KEY": "a settings file or variable has a key that does not exist",
    "PT-CONFIG-OWNER": "a .pytake.toml belongs to somebody else",
    "PT-CONFIG-PROFILE": "the named profile is not in the user's settings file",
    "PT-CONFIG-SECRET": "a secret was written into the settings",
    "PT-CONFIG-UNSET": "the file does not set that setting",
    "PT-CONFIG-VALUE": "a setting has a value that does not fit",
    "PT-CONTACT": "there is no such contact in the organisation",
    "PT-CONTACT-ADDRESS": "a contact has no phone number, and no id that this number may write to",
    "PT-CONTACT-AMBIGUOUS": "several contacts match",
    "PT-CONTACT-BLOCKED": "the contact is blocked, so nothing is sent to it",
    "PT-CONTACT-EXISTS": "there is a contact with that phone number already",
    "PT-CONTACT-MERGED": "a contact was merged into another one",
    "PT-CONTACT-NOBODY": "a person came without any identity",
    "PT-CONTACT-RACE": "the same new contacts are being written by another process",
    "PT-CONTACT-SAME": "a contact cannot be merged with itself",
    "PT-CONTACT-VALUE": "a value does not fit a contact",
    "PT-CONVERSATION": "there is no conversation with that number in this organisation",
    "PT-CONVERSATION-OPEN": "a conversation cannot be reopened while the same person is in another one",
    "PT-CONVERSATION-REF": "what was given is not the number of a conversation",
    "PT-CONVERSATION-RESOLVED": "a resolved conversation must be reopened first",
    "PT-DAEMON": "the daemon does not run, or does not answer",
    "PT-DEMO-DIR": "the demo builds its shop in an empty folder only",
    "PT-DEMO-START": "the demo's daemon or emulator did not start",
    "PT-DEMO-STUCK": "the demo waited for something that did not happen",
    "PT-DISK": "the disk with the store is nearly full",
    "PT-DOCTOR-CHECK": "there is no check of that name",
    "PT-EMAIL": "what was given is not an e-mail address",
    "PT-EMULATOR-CLOCK": "the emulator's clock cannot be moved so",
    "PT-EMULATOR-CUSTOMER": "the emulator knows no such customer",
    "PT-EMULATOR-DOWN": "no emulator answers",
    "PT-EMULATOR-FILE": "a file for the emulator does not exist",
    "PT-EMULATOR-FOREIGN": "the emulator that answers belongs to another PYTAKE_HOME",
    "PT-EMULATOR-MESSAGE": "the emulator accepted no such message",
    "PT-EMULATOR-NUMBER": "the emulator has no such business number",
    "PT-EMULATOR-REFUSED": "the emulator refused",
    "PT-EMULATOR-RUNNING": "the emulator runs already",
    "PT-EMULATOR-SAY": "what a customer says does not fit together",
    "PT-EMULATOR-SET": "a setting of the emulator is not NAME=VALUE",
    "PT-EMULATOR-START": "the emulator did not start",
    "PT-EMULATOR-TEMPLATE": "the emulator has no such template",
    "PT-EMULATOR-TOKEN": "a token of the emulator can be revoked or restored",
    "PT-EMULATOR-VALUE": "a value given to the emulator does not fit",
    "PT-ERROR": "there is no error of that slug or code",
    "PT-FLOW": "no flow of that name is published",
    "PT-FLOW-AGENT": "a flow hands over to a person who is not there",
    "PT-FLOW-ALIAS": "a part of a flow file contains itself",
    "PT-FLOW-BLANK": "a field of a flow file is empty and may not be",
    "PT-FLOW-BROKEN": "a published flow cannot be read by this version of PyTake",
    "PT-FLOW-CHOICE": "several flows were named where one is meant",
    "PT-FLOW-CHOICES": "the choices of a question are not written as a map",
    "PT-FLOW-CIRCLE": "steps of a flow go round without ever waiting",
    "PT-FLOW-COLON": "a text of a flow file has a colon and no quotes",
    "PT-FLOW-DEFAULT": "a variable's default is not of its type",
    "PT-FLOW-DEPTH": "a flow file is nested too deeply",
    "PT-FLOW-DOCUMENTS": "a flow file holds more than one document",
    "PT-FLOW-EMPTY": "a flow file is empty",
    "PT-FLOW-EMPTY-TEXT": "a text of a flow is empty",
    "PT-FLOW-ENCODING": "a flow file is not UTF-8, or has characters that no file has",
    "PT-FLOW-ESCAPE": "a text in double quotes has a backslash that means nothing",
    "PT-FLOW-EXISTS": "there is a flow file of that name already",
    "PT-FLOW-EXPRESSION": "an expression of a flow cannot be read",
    "PT-FLOW-FAILED": "a flow failed; its conversation went to people",
    "PT-FLOW-FILE": "there is no flow file of that name",
    "PT-FLOW-FLOW": "a flow calls another that is not there",
    "PT-FLOW-HANDBACK": "a conversation goes to people and back without end",
    "PT-FLOW-HOURS": "business hours in the settings cannot be read",
    "PT-FLOW-IMPORT": "a file is no export of the kind that was named",
    "PT-FLOW-INCIDENT": "something went wrong in a flow, and it went on as it says",
    "PT-FLOW-INDENT": "a line of a flow file is indented like none above it",
    "PT-FLOW-INTERRUPTED": "what a customer types for a choice is heard by an interrupt first",
    "PT-FLOW-INVALID": "a flow file has mistakes",
    "PT-FLOW-KEY": "a key of a flow file is a list or a map",
    "PT-FLOW-KEYWORD": "a keyword of a flow is empty",
    "PT-FLOW-KIND": "a field of a flow file has a value of another kind",
    "PT-FLOW-LANGUAGE": "a text of a flow is not there in a language, or in none",
    "PT-FLOW-LENGTH": "a text of a flow is longer than Meta takes",
    "PT-FLOW-LINE": "a line of a flow file is no key with a value",
    "PT-FLOW-LONG": "a field of a flow file has too many entries",
    "PT-FLOW-LOOP": "a contact got too many automatic messages: two bots may be talking",
    "PT-FLOW-MAIL": "flows are to send e-mail, and no mail server is set",
    "PT-FLOW-MAP": "a verb of a flow file takes a map of fields",
    "PT-FLOW-MEDIA": "a flow names a file that is not below the project's flows folder",
    "PT-FLOW-MERGE": "a merge key of a flow file names no map",
    "PT-FLOW-MISSING": "a field of a flow file is missing",
    "PT-FLOW-NAME": "a name in a flow file is not written as names are",
    "PT-FLOW-NAME-UNKNOWN": "an expression of a flow reads a name that cannot exist",
    "PT-FLOW-NEEDS": "fields of a step do not go together",
    "PT-FLOW-NEXT": "a step has a next that it never takes",
    "PT-FLOW-NONE": "the project has no flow files",
    "PT-FLOW-NOT-CARRIED": "a part of an imported flow could not be carried over",
    "PT-FLOW-NOTIFY": "somebody whom a flow wanted to tell could not be told",
    "PT-FLOW-NUMBER": "a flow names a WhatsApp number that is not there",
    "PT-FLOW-ON-ERROR": "a step can fail and nothing says where it goes then",
    "PT-FLOW-OPEN": "quotes or brackets of a flow file are not closed",
    "PT-FLOW-OPT-OUT": "a keyword of a flow is an opt-out word",
    "PT-FLOW-PATTERN": "a pattern of a flow cannot be read by RE2",
    "PT-FLOW-PERSON": "a flow lets a machine talk and has no way to a person",
    "PT-FLOW-PRIVATE": "a flow calls a machine of a private network",
    "PT-FLOW-QUOTES": "a text of a flow file needs quotes",
    "PT-FLOW-RANGE": "a number in a flow file is out of its bounds",
    "PT-FLOW-RECURSION": "a flow comes back to itself without waiting",
    "PT-FLOW-RESUME": "a flow goes back to a question that nothing interrupted",
    "PT-FLOW-RIVAL": "two flows listen for the same word",
    "PT-FLOW-SCHEDULE": "a flow names business hours that are not set",
    "PT-FLOW-SECRET": "a secret stands in a flow file, or there is none of that name",
    "PT-FLOW-SESSION": "there is no such session of a flow",
    "PT-FLOW-SHADOWED": "a word of a flow is never heard",
    "PT-FLOW-SHIPPED": "PyTake ships no flow of that name",
    "PT-FLOW-SIGNAL": "no session waits for a signal of that token",
    "PT-FLOW-SIZE": "a flow file is too large",
    "PT-FLOW-SLUG": "a flow's name is small letters, digits and hyphens",
    "PT-FLOW-SOURCE": "a flow looks up in a source that is not set",
    "PT-FLOW-STEP": "a step of a flow is no map with a verb",
    "PT-FLOW-TAB": "a flow file is indented with tabs",
    "PT-FLOW-TAG": "a flow file has a tag of YAML",
    "PT-FLOW-TARGET": "a way of a flow leads to a step that is not there",
    "PT-FLOW-TEAM": "a flow hands over to a team that is not there",
    "PT-FLOW-TEMPLATE": "a flow sends a template that the store does not have",
    "PT-FLOW-TITLES": "two choices of a question have the same title",
    "PT-FLOW-TRIGGER": "a trigger of a flow is of no kind, or of several",
    "PT-FLOW-TWICE": "a key of a flow file is there twice",
    "PT-FLOW-TYPE": "an answer does not fit the variable that takes it",
    "PT-FLOW-UNFIT": "a value in a flow file does not fit",
    "PT-FLOW-UNKNOWN": "a key of a flow file does not exist",
    "PT-FLOW-UNREACHABLE": "no way leads to a step of a flow",
    "PT-FLOW-VALUE": "the value of a signal is no JSON",
    "PT-FLOW-VAR": "a flow reads or sets a variable that it does not declare",
    "PT-FLOW-VAR-UNUSED": "nothing reads or sets a variable of a flow",
    "PT-FLOW-VERB": "a step of a flow has no verb, or one that does not exist",
    "PT-FLOW-VERBS": "a step of a flow has several verbs",
    "PT-FLOW-VERSION": "there is no such version of a flow",
    "PT-FLOW-WAIT": "a step of a flow waits longer than 30 days",
    "PT-FLOW-WAY": "a step of a flow does not say where it goes",
    "PT-FLOW-WINDOW": "a step of a flow may come when the 24-hour window is closed",
    "PT-FLOW-WORD": "a field of a flow file has a word that it does not take",
    "PT-FLOW-YAML": "a flow file is no YAML",
    "PT-HELP": "there is no help of that name, or none with that word",
    "PT-IDEMPOTENCY": "an idempotency key was used before for something else",
    "PT-INIT-NUMBER": "the number is to be emulator, meta or later",
    "PT-INPUT": "a question was needed and nobody was there to answer",
    "PT-INPUT-CONFIRM": "what cannot be undone needs the thing's name with --confirm",
    "PT-INPUT-EXPECT": "the number given with --expect is not how many there are",
    "PT-INPUT-STDIN": "- reads stdin, and stdin is a terminal",
    "PT-INPUT-YES": "a command asks first; without a terminal it needs --yes",
    "PT-INTAKE-FULL": "too many webhooks wait for the disk; Meta sends them again",
    "PT-INTAKE-LATE": "the store took too long to write a webhook; Meta sends it again",
    "PT-JQ": "--jq needs the Python package jq",
    "PT-LISTEN": "the daemon cannot listen on the address",
    "PT-LISTEN-EVENT": "no webhook and no event is ever called that",
    "PT-LISTEN-URL": "webhooks are handed on to http addresses only",
    "PT-LOGS-EVENT": "there is no event of that name",
    "PT-LOGS-FILE": "the log cannot be read",
    "PT-MEDIA": "there is no such file",
    "PT-MEDIA-EXISTS": "a file of that name is there already",
    "PT-MEDIA-REF": "what was given is not the number of a file",
    "PT-MEDIA-SIZE": "a file is larger than the settings allow",
    "PT-MEDIA-STATE": "the file is not here: pending, refused or lost",
    "PT-MEDIA-TARGET": "the file cannot be written there",
    "PT-MEDIA-TTY": "a file would garble the terminal",
    "PT-MESSAGE": "there is no such message in this organisation",
    "PT-MESSAGE-AMBIGUOUS": "several messages begin with what was given",
    "PT-MESSAGE-FAILED": "the message could not be delivered",
    "PT-MESSAGE-REF": "what was given is neither a message's number nor the beginning of a wamid",
    "PT-MESSAGE-STATE": "the message's state does not allow this",
    "PT-META-ALERT": "Meta tells of something about the account that a person should look at",
    "PT-META-UNKNOWN": "Meta sent an error code that this version does not know",
    "PT-NOTE-EMPTY": "a note needs words",
    "PT-NOTE-LONG": "a note is longer than the store keeps",
    "PT-NUMBER": "there is no such WhatsApp number in the organisation",
    "PT-NUMBER-CHOICE": "the WhatsApp account has several numbers, and none was named",
    "PT-NUMBER-DISPLAY": "Meta's answer has no phone number in it",
    "PT-NUMBER-EXISTS": "the WhatsApp number is connected already",
    "PT-NUMBER-NONE": "the organisation has no WhatsApp number yet",
    "PT-NUMBER-QUALITY": "Meta rates the quality of the number as low",
    "PT-NUMBER-REMOVED": "the WhatsApp number was removed here, so nothing is sent from it",
    "PT-NUMBER-RESTRICTED": "Meta restricted what the number may do",
    "PT-NUMBER-STOPPED": "the number sends nothing until somebody has looked at it; its queue is kept",
    "PT-NUMBER-TEMPLATES": "campaigns of the number wait, because Meta limits its templates",
    "PT-NUMBER-TOKEN": "there is no access token for the number",
    "PT-NUMBER-WABA": "the WhatsApp account has no numbers",
    "PT-NUMBER-WHICH": "the organisation has several WhatsApp numbers, and none was named",
    "PT-OPTED-OUT": "the contact opted out, of marketing or of everything automatic",
    "PT-ORG": "there is no organisation of that short name",
    "PT-ORG-CHOICE": "there are several organisations, and none was named",
    "PT-ORG-EXISTS": "another organisation has that short name already",
    "PT-ORG-FIELD": "an organisation has no field of that name",
    "PT-ORG-SLUG": "a short name is small letters, digits and hyphens",
    "PT-ORG-VALUE": "a field of the organisation cannot have that value",
    "PT-PART-DIED": "a part of the daemon died, and the daemon with it",
    "PT-PHONE": "what was typed is not a phone number, or not a whole one",
    "PT-POSTGRES-DRIVER": "the driver for PostgreSQL is not installed",
    "PT-PROXY-ADDRESS": "serve.trusted_proxies holds something that is no address",
    "PT-QUEUE": "the queues have nothing of that id",
    "PT-QUEUE-ID": "that does not name something in a queue",
    "PT-QUEUE-NO-JOURNAL": "the quarantined update has no webhook that could be applied again",
    "PT-QUEUE-STATE": "the job is in a state in which it cannot be moved",
    "PT-ROLE": "there is no role of that name",
    "PT-SCHEMA-NEWER": "the store was made by a newer PyTake than this one",
    "PT-SCHEMA-NONE": "the store has no tables yet",
    "PT-SCHEMA-OLD": "the store lacks migrations that this PyTake needs",
    "PT-SECRET-ARGUMENT": "a secret was given on the command line, where others can see it",
    "PT-SECRET-FILE": "the file that should hold a secret cannot be read",
    "PT-SECRET-KEY": "the key of the sealed secrets is missing or is no key",
    "PT-SECRET-KEYRING": "the system has no keyring that answers",
    "PT-SECRET-MISSING": "a secret that is needed is not set",
    "PT-SECRET-MODE": "the key of the sealed secrets can be read by others",
    "PT-SECRET-NAME": "secrets have names of lower case letters, digits and _",
    "PT-SECRET-SEAL": "the sealed secrets were altered or belong to another key",
    "PT-SECRET-VALUE": "the value given for a secret is empty or no text",
    "PT-SEND-CAPTION": "this kind of message cannot have words with it",
    "PT-SEND-CATALOG": "a product needs the catalogue that it is in",
    "PT-SEND-DAEMON": "the message is queued, but nobody is there to send it",
    "PT-SEND-FAILED": "the message failed",
    "PT-SEND-FILE": "the file to send is not there or cannot be read",
    "PT-SEND-HEADER": "a file of this type cannot stand above a message",
    "PT-SEND-JSON": "what was given as JSON is none",
    "PT-SEND-KINDS": "several kinds of message were asked for at once",
    "PT-SEND-LOCATION": "a place is latitude,longitude[,name[,address]]",
    "PT-SEND-QUOTE": "a message that has not reached Meta cannot be quoted",
    "PT-SEND-REACT": "a reaction needs the message it goes on",
    "PT-SEND-TEXT": "the message has no words",
    "PT-SEND-VARS": "a template's values are given in a way that cannot be placed",
    "PT-SEND-WAIT": "the message did not get that far in time",
    "PT-SERVE-OPEN": "the daemon would serve other machines without TLS",
    "PT-SERVE-SECRET": "there is no app secret to check webhooks with",
    "PT-SETTLE": "a message is settled as sent, failed or resend",
    "PT-SOME-FAILED": "some of what was asked did not work",
    "PT-SQLITE-OLD": "the SQLite of this Python is too old to be trusted with the store",
    "PT-STORE": "the store cannot be used just now",
    "PT-STORE-BUSY": "somebody else has been writing to the store for too long",
    "PT-STORE-DAMAGED": "the store's file is damaged",
    "PT-STORE-IN-USE": "another process has the store open",
    "PT-STORE-LOCKED": "a daemon or a restore has this store",
    "PT-STORE-NONE": "there is no store yet",
    "PT-STORE-OPEN": "the store's file cannot be opened for writing",
    "PT-STORE-UNSOUND": "checks of the store failed",
    "PT-STORE-URL": "that is not the address of a store",
    "PT-SYSTEM": "the machine refused: rights, or a disk that is full or read-only",
    "PT-TLS": "a certificate or key cannot be used",
    "PT-TLS-KEY": "others may read the private key",
    "PT-TOKEN-FILE": "the file does not hold one access token",
    "PT-TRIGGER-CODE": "the code after status.failed: is not a number",
    "PT-TRIGGER-EVENT": "there is no webhook of that name to trigger",
    "PT-TRIGGER-LIVE": "made-up webhooks are for emulated numbers only",
    "PT-TRIGGER-PATH": "a --set leads nowhere in the webhook",
    "PT-TRIGGER-REFUSED": "the daemon refused a made-up webhook",
    "PT-TRIGGER-SET": "--set needs a path and a value",
    "PT-TZ": "there is no time zone of that name",
    "PT-UPLOADING": "a file takes long to upload; its messages are claimed again",
    "PT-USAGE": "the command line is wrong",
    "PT-USAGE-BAD": "a flag or argument has a value that does not fit",
    "PT-USAGE-CHANGE": "a change is written FIELD=VALUE",
    "PT-USAGE-COMMAND": "there is no command of that name",
    "PT-USAGE-DIR": "the directory given with -C cannot be entered",
    "PT-USAGE-EXTRA": "the line has more words than the command takes",
    "PT-USAGE-FIELD": "a field given with --fields does not exist",
    "PT-USAGE-FLAG": "the command has no such flag",
    "PT-USAGE-JQ": "the expression given with --jq does not compile or fit the data",
    "PT-USAGE-MISSING": "an argument or flag is missing",
    "PT-USAGE-NOTHING": "the command was given nothing to change",
    "PT-USAGE-SPAN": "what was given is no length of time",
    "PT-USAGE-TIME": "what was given cannot be read as a time",
    "PT-USAGE-VALUE": "a flag lacks its value, or takes none",
    "PT-USER": "there is no active user of that name",
    "PT-USER-AMBIGUOUS": "several users have that name",
    "PT-USER-EXISTS": "the organisation has a user with that e-mail address already",
    "PT-USER-LAST-ADMIN": "an organisation keeps at least one active administrator",
    "PT-USER-ME": "@me could be several people",
    "PT-WA-ANSWER": "the address of Graph answers, but not as Meta does",
    "PT-WA-CODE": "Meta answered with an error code that this version does not know",
    "PT-WA-CONNECT": "Meta cannot be reached; nothing was sent",
    "PT-WA-LIMIT": "a message or a template breaks one of Meta's limits; it was not sent",
    "PT-WA-MEDIA": "a file is too large, of a type Meta does not take, or not what it says it is",
    "PT-WA-MEDIA-LOST": "Meta no longer has the file",
    "PT-WA-TEMPLATE": "a template breaks one of Meta's rules; it was not submitted",
    "PT-WA-UNKNOWN": "Meta's answer got lost: the request may have been taken or not",
    "PT-WA-VALUE": "a value for Meta is not of the form it must have",
    "PT-WAIT": "what was waited for did not happen in time",
    "PT-WEBHOOK": "the journal has no such webhook, or it is another organisation's",
    "PT-WEBHOOK-HANDSHAKE": "the daemon does not accept the verify token",
    "PT-WEBHOOK-SILENT": "no signed webhook comes from Meta",
    "PT-WEBHOOK-URL": "the address under which Meta reaches the daemon is not set",
}


class PytakeError(Exception):
    """`message`, `why` and `fix` are templates for str.format with `values`; they stay untranslated until shown."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    retryable: bool = False

    def __init__(self, slug: str, message: str, *, why: str = "", fix: str = "", **values: Any) -> None:
        self.slug = slug
        self.message = message
        self.why = why
        self.fix = fix
        self.values = values
        super().__init__(message)

    def __str__(self) -> str:
        return self.message.format(**self.values) if self.values else self.message


class UsageError(PytakeError):
    exit_code, http_status = 2, 400


class WouldFail(PytakeError):
    exit_code, http_status = 3, 409


class AuthError(PytakeError):
    exit_code, http_status = 4, 401


class NotFound(PytakeError):
    exit_code, http_status = 5, 404


class Conflict(PytakeError):
    exit_code, http_status = 6, 409


class PartialFailure(PytakeError):
    exit_code, http_status = 7, 207


class Pending(PytakeError):
    exit_code, http_status = 8, 202


class LimitReached(PytakeError):
    exit_code, http_status = 9, 422


class UpstreamError(PytakeError):
    exit_code, http_status = 10, 502


class SendError(UpstreamError):
    """A send that did not happen (or may have: `unknown`). `code` is Meta's, when Meta answered."""

    def __init__(
        self, slug: str, message: str, *, retryable: bool, unknown: bool = False, code: int | None = None, **values: Any
    ) -> None:
        super().__init__(slug, message, **values)
        self.retryable = retryable
        self.unknown = unknown
        self.code = code


class InputNeeded(PytakeError):
    exit_code, http_status = 64, 400


class InvalidData(PytakeError):
    exit_code, http_status = 65, 422


class DaemonDown(PytakeError):
    exit_code, http_status = 69, 503


class Forbidden(PytakeError):
    exit_code, http_status = 77, 403


class ConfigError(PytakeError):
    exit_code, http_status = 78, 500


class StoreUnavailable(ConfigError):
    http_status = 503
    retryable = True
