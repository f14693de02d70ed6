"""The other side of `code` steps: one function, called in a process of its own that can do little and not for long.

Run as a file by `python -I`, so it imports nothing of PyTake's: what the function could reach there, it cannot.
It reads {"project": …, "function": "module:name", "arguments": {…}, "memory_bytes": …, "seconds": …} from stdin and
writes {"value": …} or {"error": [reason, detail]} to what was stdout.
"""

import importlib
import json
import os
import resource
import signal
import sys

MOST_BYTES = 256 * 1024
MOST_FILES = 64
MOST_FILE_BYTES = 1024 * 1024


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the function prints is no answer
    asked = json.load(sys.stdin.buffer)
    limit(asked["memory_bytes"], asked["seconds"])
    try:
        answer = json.dumps({"value": call(asked["project"], asked["function"], asked["arguments"])}, allow_nan=False)
        if len(answer) > MOST_BYTES:
            answer = failure("too_big", "what the function returned is too big")
    except MemoryError:
        answer = failure("memory", "the function needed more memory than it may have")
    except RecursionError:
        answer = failure("code", "RecursionError")
    except LookupError as error:
        answer = failure("settings" if getattr(error, "is_ours", False) else "code", told(error))
    except BaseException as error:  # SystemExit among them: whatever it is, it is told
        answer = failure("code", told(error))
    answers.write(answer.encode())
    answers.flush()
    os._exit(0)  # threads, exit handlers and whatever else the function left behind are not waited for


def limit(memory_bytes: int, seconds: int) -> None:
    signal.alarm(seconds + 1)  # if nobody is left to end this process
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + 1, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE_BYTES, MOST_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def call(project: str, function: str, arguments: dict) -> object:  # type: ignore[type-arg]
    """Calls a public function that a module of the project defines itself."""
    module_name, _, name = function.partition(":")
    if name.startswith("_") or not name.isidentifier() or not all(map(str.isidentifier, module_name.split("."))):
        raise ours(f"{function} is no module:name")
    sys.path.insert(0, project)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and module_name.startswith(error.name):
            raise ours(f"there is no module {module_name} in {project}") from None
        raise
    place = os.path.realpath(getattr(module, "__file__", None) or "/")
    wanted = getattr(module, name, None)
    if not place.startswith(os.path.realpath(project) + os.sep):
        raise ours(f"{module_name} is not of this project")
    if not callable(wanted) or getattr(wanted, "__module__", None) != module_name or isinstance(wanted, type):
        raise ours(f"{module_name} has no function {name}")
    return wanted(**arguments)


def ours(text: str) -> LookupError:
    error = LookupError(text)
    error.is_ours = True  # type: ignore[attr-defined]
    return error


def failure(reason: str, detail: str) -> str:
    return json.dumps({"error": [reason, detail]})


def told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300] if not getattr(error, "is_ours", False) else str(error)[:300]


if __name__ == "__main__":
    main()
