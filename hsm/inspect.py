"""`python -m hsm.inspect`: look at one PKCS#11 module, in a process that lives only for it and may hang or crash alone.

Standard input: one JSON object {"module", "action": "show" | "try", "pin", "token", "certificate", "key_id", "policy",
"each_signature"}; the PIN comes no other way. Standard output: one JSON object, {"ok": true, …} or the failure in the
words of `hsm.frames`. Exit code 0 if an object was printed.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping

from hsm import frames
from hsm.api import FaultClass, SigningError

SECONDS = 60.0
"""A vendor's module may take long to start; longer is a hang."""


def ask(
    module: str, action: str, environment: Mapping[str, str] | None = None, seconds: float = SECONDS, **wish: object
) -> dict[str, object]:
    """Run this module's program and return its object. Raises: SigningError (also HANG, CRASH)."""
    request = json.dumps({"module": module, "action": action, **wish})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hsm.inspect"],
            input=request.encode(),
            capture_output=True,
            env={**os.environ, **(environment or {})},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SigningError(FaultClass.HANG, "module-hangs", module) from error
    try:
        answer = frames.decode(done.stdout)
        frames.raise_failure(answer)
    except frames.FrameError as error:
        raise SigningError(FaultClass.CRASH, "module-crashes", f"{module}: exit {done.returncode}") from error
    return answer


def main() -> int:
    """Answer one request."""
    from hsm.__main__ import harden

    harden()
    request = json.load(sys.stdin)
    # Some modules write to standard output; it belongs to the answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    try:
        answer = {"ok": True, **_answer(request)}
    except SigningError as error:
        answer = frames.failure(error)
    os.write(answers, json.dumps(answer, ensure_ascii=False).encode())
    return 0


def _answer(request: dict[str, object]) -> dict[str, object]:
    from hsm.token_view import Wish, show, try_key  # only in the process that may load a module

    module = str(request["module"])
    if request["action"] == "show":
        return show(module)
    wish = Wish(
        token=str(request.get("token", "")),
        certificate=base64.b64decode(str(request.get("certificate", ""))),
        key_id=str(request.get("key_id", "")).lower(),
        policy=str(request.get("policy", "")),
        each_signature=request.get("each_signature") is True,
    )
    return try_key(module, str(request.get("pin", "")), wish)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # some modules crash in their exit code (signing.md 10)
