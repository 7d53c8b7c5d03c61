"""The one configuration file of a box (TOML) as frozen dataclasses.

Owns reading and checking; refuses unknown keys, so that a typing error is told and not ignored. Relative paths are
relative to the file's own folder. Nothing reads configuration at import.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
import types
import typing
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from appliance.domain.authority import FORMS, Delegation
from appliance.domain.documents import URGENCIES
from hsm import enrolment
from scanner_intake.settle import ignored

T = TypeVar("T")
_KINDS = ("incoming-scan", "outgoing", "appendix", "case-file")
COPY_FORMS = ("SAO Y", "SAO LỤC", "TRÍCH SAO")
"""As ``hsm.stamps`` has them; said twice because a configuration must not load what draws."""
_APPROVALS = ("person", "policy")


class ConfigError(Exception):
    """The configuration cannot be used; ``code`` and ``params`` become a sentence in ``appliance.wording``."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class BoxSection:
    """Who this box is. ``id`` is the MQTT client id and the certificate's CN: ``commune-<5 digits>``."""

    id: str
    commune: str
    state_dir: Path
    province: str = ""
    language: str = "vi"
    runtime_dir: Path | None = None


@dataclass(frozen=True)
class SubFolderSection:
    """A folder inside a drop folder with a meaning of its own; an empty value is the drop folder's.

    ``urgency`` ("", "khan", "thuong-khan", "hoa-toc") holds for its papers unless the paper itself says another.
    """

    name: str
    kind: str = ""
    approve: str = ""
    urgency: str = ""


@dataclass(frozen=True)
class FolderSection:
    """One drop folder. ``approve`` is "person" or "policy" (architecture.md, section 3).

    ``watch`` is "events" or, for a mounted share (SMB, NFS), "poll". ``sub`` names folders inside with a meaning of
    their own; ``recursive`` takes the papers of all others too. ``batches``: stacks with separator sheets arrive here.
    ``two_sided``: files come in pairs from a feeder that sees one side: the fronts, then the turned stack's backs.
    ``passwords`` names a file (mode 0600, one password a line) to be tried on locked PDFs of this folder.
    """

    path: Path
    name: str = ""
    kind: str = "incoming-scan"
    approve: str = "person"
    quiet_seconds: float = 3.0
    patience_seconds: float = 600.0
    watch: str = "events"
    recursive: bool = False
    batches: bool = False
    two_sided: bool = False
    passwords: Path | None = None
    sub: tuple[SubFolderSection, ...] = ()

    @property
    def shown_name(self) -> str:
        """What people and the history call this folder."""
        return self.name or self.path.name


@dataclass(frozen=True)
class IntakeSection:
    """How often the rescan, which is the truth, looks at every drop folder."""

    rescan_seconds: float = 15.0


@dataclass(frozen=True)
class DigitizeSection:
    """Limits of the child that parses hostile files (MiB, seconds), how many run at once, and the archive copy's
    profile: "compact" (layers, small) or "faithful" (the scanner's own picture).
    """

    language: str = "vie"
    profile: str = "compact"
    dictionary: Path | None = None
    memory_mb: int = 2048
    cpu_seconds: int = 600
    wall_seconds: int = 900
    workers: int = 0


@dataclass(frozen=True)
class KeySection:
    """One signature slot's key on a token; ``credential`` names a file in $CREDENTIALS_DIRECTORY with its PIN.

    ``module`` (and its ``environment``) when the token has another PKCS#11 module than ``[signer]`` says; the rest is
    what enrolment found out (hsm/config.py). ``idle_minutes`` 0 means the slot's own.
    """

    slot: str
    token: str
    key_id: str
    certificate: Path
    credential: str = ""
    mechanism: str = "rsa-v15"
    module: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    serial: str = ""
    certificate_sha256: str = ""
    hashed_by: str = ""
    idle_minutes: float = 0.0
    pin_each_signature: bool = False


@dataclass(frozen=True)
class SignerSection:
    """The PKCS#11 module and what the signatures look like.

    ``office``: the converting office, when it is not the commune itself; ``copy_form``: what scans are signed as, "SAO
    Y", "SAO LỤC" or "TRÍCH SAO".
    """

    module: Path = Path("/usr/lib/softhsm/libsofthsm2.so")
    socket: Path | None = None
    roots: tuple[Path, ...] = ()
    intermediates: tuple[Path, ...] = ()
    allowed_uids: tuple[int, ...] = ()
    leader_image: Path | None = None
    seal_image: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    office: str = ""
    copy_form: str = "SAO Y"
    enrolments: Path | None = None
    keys: tuple[KeySection, ...] = ()


@dataclass(frozen=True)
class DelegationSection:
    """Whom an office lets sign in another's place (``appliance.domain.authority``). ``begins`` and ``ends`` are days,
    YYYY-MM-DD, both included."""

    form: str
    signer: str
    principal: str
    begins: str
    ends: str
    decision: str = ""

    def delegation(self) -> Delegation:
        """As the domain knows it.

        Raises:
            ValueError: a day is none.
        """
        begins, ends = date.fromisoformat(self.begins), date.fromisoformat(self.ends)
        return Delegation(self.form, self.signer, self.principal, begins, ends, self.decision)


@dataclass(frozen=True)
class HoursSection:
    """Hours of the day (+07:00, over midnight when ``until`` is the earlier) in which documents take only so much of
    the line; 0: only hỏa tốc travels. The first hours that hold count; outside all of them there is no cap.
    """

    begin: str
    """"HH:MM"."""
    until: str
    kbit_per_second: float


@dataclass(frozen=True)
class SyncSection:
    """Where the province's broker is and who we are to it."""

    host: str
    ca: Path
    certificate: Path
    key: Path
    device_key: Path
    port: int = 8883
    receipt_keys: dict[str, str] = field(default_factory=dict)
    hours: tuple[HoursSection, ...] = ()


@dataclass(frozen=True)
class WebSection:
    """The pages on the office LAN."""

    host: str = "127.0.0.1"
    port: int = 8080


@dataclass(frozen=True)
class LongtermSection:
    """Time stamps and revocation data (hsm/LONGTERM.md). ``tsa``: addresses of time-stamp services, asked in turn; if
    empty, no stamps over the network. ``tsa_roots``: whom to believe about time; if empty, the signers' own roots.

    At most ``requests`` in ``window_minutes``; a signed paper waits ``hold_seconds`` for its first stamp before it is
    queued, if the services answer. Lists of revoked certificates are fetched every ``list_hours`` from the addresses in
    the certificates and from ``list_urls``.
    """

    tsa: tuple[str, ...] = ()
    tsa_roots: tuple[Path, ...] = ()
    tsa_intermediates: tuple[Path, ...] = ()
    tsa_policies: tuple[str, ...] = ()
    patience_seconds: float = 180.0
    requests: int = 15
    window_minutes: float = 20.0
    hold_seconds: float = 20.0
    list_urls: tuple[str, ...] = ()
    list_hours: float = 6.0


@dataclass(frozen=True)
class Config:
    """The whole configuration, checked."""

    box: BoxSection
    sync: SyncSection | None = None
    signer: SignerSection = field(default_factory=SignerSection)
    digitize: DigitizeSection = field(default_factory=DigitizeSection)
    intake: IntakeSection = field(default_factory=IntakeSection)
    web: WebSection = field(default_factory=WebSection)
    longterm: LongtermSection = field(default_factory=LongtermSection)
    folders: tuple[FolderSection, ...] = ()
    delegations: tuple[DelegationSection, ...] = ()
    path: Path = Path()

    def who_may_sign(self) -> tuple[Delegation, ...]:
        """The delegations of this office, in the domain's words."""
        return tuple(section.delegation() for section in self.delegations)

    @property
    def database(self) -> Path:
        return self.box.state_dir / "box.db"

    @property
    def blobs(self) -> Path:
        return self.box.state_dir / "blobs"

    @property
    def runtime(self) -> Path:
        """Folder of sockets and passing state (link, liveness)."""
        return self.box.runtime_dir or self.box.state_dir / "run"

    @property
    def signer_socket(self) -> Path:
        return self.signer.socket or self.runtime / "signer.sock"

    @property
    def enrolments(self) -> Path:
        """Where `commune-box token enrol` keeps what was enrolled; the signer reads it, too."""
        return self.signer.enrolments or self.path.parent / "signing"

    @property
    def worker_socket(self) -> Path:
        """The worker's door (``appliance.door``)."""
        return self.runtime / "worker.sock"

    @property
    def intake_file(self) -> Path:
        """Where the intake says how its drop folders are."""
        return self.runtime / "intake.json"

    @property
    def lists(self) -> Path:
        """The lists of revoked certificates at hand."""
        return self.box.state_dir / "revocation"

    @property
    def longterm_file(self) -> Path:
        """Where the time-stamping thread says whether its services answer and how many papers wait."""
        return self.runtime / "longterm.json"

    @property
    def link_file(self) -> Path:
        """Where the uplink says whether the line is up and since when."""
        return self.runtime / "link.json"


def load_config(path: Path) -> Config:
    """Read and check ``path``.

    Raises:
        ConfigError: config-missing, config-syntax, config-unknown-key, config-missing-key, config-bad-value.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise ConfigError("config-missing", path=path) from None
    except OSError as error:
        raise ConfigError("config-unreadable", path=path, detail=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config-syntax", path=path, detail=error) from None
    if "path" in raw:  # a field of ours, never a key of the file
        raise ConfigError("config-unknown-key", path=path, key="path")
    config = _with_enrolled(replace(_build(Config, raw, path, ""), path=path.resolve()))
    _check(config, path)
    return config


def _with_enrolled(config: Config) -> Config:
    """``config`` with the keys that were enrolled by command; a slot that the file itself describes stays so."""
    keys = list(config.signer.keys)
    for slot in ("leader", "agency"):
        try:
            enrolled = enrolment.load(config.enrolments, slot)
        except enrolment.EnrolmentError as error:
            raise ConfigError("enrolment-unreadable", path=config.enrolments, detail=error.detail) from error
        if enrolled is None or any(key.slot == slot for key in keys):
            continue
        own = Path(enrolled.module) != config.signer.module
        keys.append(
            KeySection(
                slot=slot,
                token=enrolled.token_label or enrolled.token_serial,
                serial=enrolled.token_serial,
                key_id=enrolled.key_id,
                certificate=config.enrolments / enrolled.present.file,
                certificate_sha256=enrolled.present.sha256,
                mechanism=enrolled.mechanism,
                hashed_by=enrolled.hashed_by,
                pin_each_signature=enrolled.pin_each_signature,
                module=Path(enrolled.module) if own else None,
                environment=dict(enrolled.environment) if own else {},
            )
        )
    return replace(config, signer=replace(config.signer, keys=tuple(keys)))


def _check(config: Config, path: Path) -> None:
    def bad(key: str, detail: str) -> ConfigError:
        return ConfigError("config-bad-value", path=path, key=key, detail=detail)

    if not re.fullmatch(r"commune-[0-9]{5}", config.box.id):
        raise bad("box.id", "commune-<5 chữ số>")
    if config.digitize.profile not in ("compact", "faithful"):
        raise bad("digitize.profile", config.digitize.profile)
    for index, folder in enumerate(config.folders):
        for name, detail in _folder_mistakes(folder, config.folders[:index]):
            raise bad(f"folders[{index}].{name}", detail)
    for index, hours in enumerate(config.sync.hours if config.sync else ()):
        for name in ("begin", "until"):
            if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", getattr(hours, name)):
                raise bad(f"sync.hours[{index}].{name}", getattr(hours, name))
        if hours.kbit_per_second < 0:
            raise bad(f"sync.hours[{index}].kbit_per_second", str(hours.kbit_per_second))
    if config.intake.rescan_seconds <= 0:
        raise bad("intake.rescan_seconds", str(config.intake.rescan_seconds))
    for name, detail in _longterm_mistakes(config.longterm):
        raise bad(f"longterm.{name}", detail)
    if config.signer.copy_form not in COPY_FORMS:
        raise bad("signer.copy_form", config.signer.copy_form)
    for index, given in enumerate(config.delegations):
        if given.form not in FORMS:
            raise bad(f"delegations[{index}].form", given.form)
        try:
            held = given.delegation()
        except ValueError as error:
            raise bad(f"delegations[{index}]", str(error)) from None
        if held.ends < held.begins:
            raise bad(f"delegations[{index}].ends", given.ends)
    for index, key in enumerate(config.signer.keys):
        if key.slot not in ("leader", "agency"):
            raise bad(f"signer.keys[{index}].slot", key.slot)
        if key.slot in {earlier.slot for earlier in config.signer.keys[:index]}:
            raise bad(f"signer.keys[{index}].slot", key.slot)


def _longterm_mistakes(section: LongtermSection) -> Iterator[tuple[str, str]]:
    for key in ("tsa", "list_urls"):
        for index, url in enumerate(getattr(section, key)):
            if not re.match(r"https?://[^/]", url):
                yield f"{key}[{index}]", url
    for index, policy in enumerate(section.tsa_policies):
        if not re.fullmatch(r"[0-2](\.[0-9]+)+", policy):
            yield f"tsa_policies[{index}]", policy
    for key in ("patience_seconds", "window_minutes", "list_hours", "requests"):
        if getattr(section, key) <= 0:
            yield key, str(getattr(section, key))
    if section.hold_seconds < 0:
        yield "hold_seconds", str(section.hold_seconds)


def _folder_mistakes(folder: FolderSection, earlier: tuple[FolderSection, ...]) -> Iterator[tuple[str, str]]:
    """Key and value of what cannot be meant in one drop folder."""
    if folder.kind not in _KINDS:
        yield "kind", folder.kind
    if folder.approve not in _APPROVALS:
        yield "approve", folder.approve
    if folder.watch not in ("events", "poll"):
        yield "watch", folder.watch
    for key in ("quiet_seconds", "patience_seconds"):
        if getattr(folder, key) < 0:
            yield key, str(getattr(folder, key))
    for other in earlier:
        if folder.path == other.path or folder.path in other.path.parents or other.path in folder.path.parents:
            yield "path", str(folder.path)  # two folders of which one lies in the other would take each other's files
        if folder.shown_name == other.shown_name:
            yield "name", folder.shown_name  # history and notes know a folder by its name
    seen: set[str] = set()
    for number, sub in enumerate(folder.sub):
        name = unicodedata.normalize("NFC", sub.name).casefold()
        if not name or "/" in name or ignored(name) or name in seen:
            yield f"sub[{number}].name", sub.name
        if sub.kind not in ("", *_KINDS):
            yield f"sub[{number}].kind", sub.kind
        if sub.approve not in ("", *_APPROVALS):
            yield f"sub[{number}].approve", sub.approve
        if sub.urgency not in URGENCIES:
            yield f"sub[{number}].urgency", sub.urgency
        seen.add(name)


def _build(cls: type[T], raw: Any, path: Path, prefix: str) -> T:
    if not isinstance(raw, dict):
        raise ConfigError("config-bad-value", path=path, key=prefix or "(tệp)", detail="[bảng]")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in raw.items():
        name = key.replace("-", "_")
        if name not in fields:
            raise ConfigError("config-unknown-key", path=path, key=f"{prefix}{key}")
        values[name] = _convert(hints[name], value, path, f"{prefix}{key}")
    for name, f in fields.items():
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ConfigError("config-missing-key", path=path, key=f"{prefix}{name}")
    return cls(**values)


def _convert(kind: Any, value: Any, path: Path, key: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
        origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError("config-bad-value", path=path, key=key, detail="[danh sách]")
        inner = typing.get_args(kind)[0]
        return tuple(_convert(inner, item, path, f"{key}[{index}]") for index, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError("config-bad-value", path=path, key=key, detail="[bảng]")
        return {str(k): str(v) for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, path, f"{key}.")  # type: ignore[arg-type]
    if kind is Path and isinstance(value, str):
        return (path.parent / value).resolve()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError("config-bad-value", path=path, key=key, detail=repr(value))
    return value
