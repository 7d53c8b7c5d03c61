"""The sections of a box's configuration file, as frozen dataclasses, and the places that follow from them.

Values only: reading is ``appliance.config_reading``, what is refused is ``appliance.config_checks``, and both together
with what was enrolled is ``appliance.config``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from appliance.domain.authority import Delegation
from appliance.registers.workdays import WorkingDays, YearList, year_list
from appliance.reports.tables import ACTIVE_DAYS


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
class CalendarSection:
    """The days off of one year, as announced (``appliance.registers.workdays``): days YYYY-MM-DD or first..last.
    ``worked``: weekend days that are worked in their place."""

    year: int
    off: tuple[str, ...]
    worked: tuple[str, ...] = ()

    def days(self) -> YearList:
        """As the registers know it.

        Raises:
            ValueError: a text is no day of this year.
        """
        return year_list(self.year, self.off, self.worked)


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
    proxy: str = ""
    """The office's HTTP proxy, ``http://[user:password@]host:port``; empty: the broker is dialled itself."""
    transport: str = "auto"
    """``mqtt``: MQTT in TLS; ``websocket``: that inside HTTPS; ``auto``: the second after three dials of the first
    failed, where the province has an address for it."""
    websocket_port: int = 0
    websocket_path: str = "/mqtt"
    websocket_ca: Path | None = None
    """Whom HTTPS believes, where a proxy that inspects it has a CA of its own; none: the province's."""


@dataclass(frozen=True)
class WebSection:
    """The pages on the office LAN. ``certificate`` (leaf first) and ``key``, both PEM: ``port`` speaks TLS.

    ``ca``: the certificate that the office's computers have to trust, for people to download. ``plain_port`` serves
    that download without TLS and leads everything else to ``port``; 0: it is not served.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    plain_port: int = 0

    @property
    def secure(self) -> bool:
        """Whether the pages come over TLS."""
        return self.certificate is not None


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
class CasesSection:
    """The one-door desk. ``resubmit_days``: for so many days after a refusal a dossier may come again as the same one;
    after that it is a new submission. 0: without a limit.
    """

    resubmit_days: int = 0


@dataclass(frozen=True)
class ReportsSection:
    """What reports measure by. ``active_days``: who signs in on so many days of a month uses the box regularly."""

    active_days: int = ACTIVE_DAYS


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
    calendar: tuple[CalendarSection, ...] = ()
    cases: CasesSection = field(default_factory=CasesSection)
    reports: ReportsSection = field(default_factory=ReportsSection)
    path: Path = Path()

    def who_may_sign(self) -> tuple[Delegation, ...]:
        """The delegations of this office, in the domain's words."""
        return tuple(section.delegation() for section in self.delegations)

    def working_days(self) -> WorkingDays:
        """The office's calendar."""
        return WorkingDays(section.days() for section in self.calendar)

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
