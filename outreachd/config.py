"""Process settings: a TOML file and the environment become one frozen value.

Every key, default, unit and bound stands here and nowhere else. The environment
wins: ``OUTREACHD_SECTION__KEY``, e.g. ``OUTREACHD_HTTP__CONTROL__LISTEN``. Relative
paths count from the settings file, or from the working directory when there is none.
The state directory is the one named, else $STATE_DIRECTORY, else ``state`` there.
Durations are seconds (``_s``). Nothing is logged and no value is repeated in an error.
Errors: ConfigError with every mistake at once, each with file and line.
Source: pydantic-settings documentation, "Nested environment variables".
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from outreachd.environment import Environment, misnamed_variables, variable_of
from outreachd.listen import Listen, PrivateListen, TcpListen
from outreachd.mistakes import ConfigError, Mistake, from_pydantic, unknown
from outreachd.rules.health import Mode, Rule
from outreachd.rules.health_rules import RULES
from outreachd.rules.rulebook import rule_of, rules_of
from outreachd.toml_lines import KeyPath, TomlFile, read_toml

# Time left for a lease to run out and for a late answer to be written down, before
# a send without an answer may be judged (seconds).
UNCERTAIN_MARGIN_S = 60


def _dsn(text: str) -> str:
    if text == "embedded" or text.startswith(("postgresql://", "postgres://")):
        return text
    raise ValueError('must be "embedded" or "postgresql://USER@HOST,HOST/DATABASE"')


def _base_url(text: str) -> str:
    if re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[^\s?#]*)?", text):
        return text.rstrip("/")
    raise ValueError('must be a web address such as "https://out.example.org"')


def _mailto(text: str) -> str:
    if re.fullmatch(r"[^\s@<>,;:?&%\"]+@[A-Za-z0-9.-]+", text):
        return text
    raise ValueError('must be one plain address such as "unsubscribe@example.org"')


def _name_server(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # no port; bare IPv6
        host, port = text, "53"
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
        if 0 < int(port) < 65_536:
            return text
    except ValueError:
        pass
    raise ValueError('must be an address such as "192.0.2.53" or "192.0.2.53:5353"')


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError('must be an address such as "192.0.2.1"') from None


def _zone(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        return text.lower()
    raise ValueError('must be a name in DNS such as "zen.spamhaus.org"')


AnyPath = Annotated[Path, Field(strict=False)]
NameServer = Annotated[str, AfterValidator(_name_server)]
Address = Annotated[str, AfterValidator(_address)]
Zones = Annotated[
    tuple[Annotated[str, AfterValidator(_zone)], ...], Field(strict=False)
]
CheckName = Literal["spf", "dkim", "dmarc", "mx", "ptr", "helo", "blocklist"]
Limit = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]  # seconds


class _Section(BaseModel):
    """A table of settings: frozen, strict about types, strict about keys."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True
    )


class Database(_Section):
    """Where the ledger is; ``embedded`` starts a PostgreSQL of our own."""

    # may hold a password
    dsn: Annotated[str, AfterValidator(_dsn)] = Field(default="embedded", repr=False)


class State(_Section):
    """Where this daemon keeps its journal, its keys and the embedded database."""

    directory: AnyPath | None = None  # None only before load() has filled it


class Limits(_Section):
    """How long each step of an SMTP dialogue may take (RFC 5321 section 4.5.3.2)."""

    connect_s: Limit = 30.0
    tls_s: Limit = 30.0
    greeting_s: Limit = 300.0
    ehlo_s: Limit = 300.0
    auth_s: Limit = 60.0
    mail_s: Limit = 300.0
    rcpt_s: Limit = 300.0
    data_s: Limit = 120.0
    dot_s: Limit = 600.0


class Connections(_Section):
    """When a warm connection is closed instead of reused."""

    idle_s: Limit = 20.0
    age_s: Limit = 600.0
    letters: Annotated[int, Field(ge=1, le=10_000)] = 50


class Send(_Section):
    """How the daemon sends."""

    max_in_flight: Annotated[int, Field(ge=1, le=5000)] = 200
    lease_s: Annotated[float, Field(ge=3, le=300)] = 15.0
    drain_s: Annotated[float, Field(ge=0, le=600)] = 10.0  # for sends before intent
    claim_poll_s: Annotated[float, Field(ge=0.1, le=60)] = 2.0
    local_hostname: str | None = None  # said in EHLO; None = the machine's name
    limits: Limits = Limits()
    connections: Connections = Connections()
    # After this an uncertain send may be judged by its campaign's policy.
    uncertain_grace_s: Annotated[float, Field(le=86_400, validate_default=True)] = 1200

    @field_validator("local_hostname")
    @classmethod
    def _hostname(cls, name: str | None) -> str | None:
        if name is None or re.fullmatch(
            r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f.:]+\]", name
        ):
            return name
        raise ValueError('must be a host name such as "out.example.org"')

    @field_validator("uncertain_grace_s")
    @classmethod
    def _outlives_the_answer(cls, grace_s: float, info: ValidationInfo) -> float:
        limits, lease_s = info.data.get("limits"), info.data.get("lease_s")
        if limits is None or lease_s is None:  # reported on its own
            return grace_s
        floor_s = limits.dot_s + lease_s + UNCERTAIN_MARGIN_S
        if grace_s < floor_s:
            raise ValueError(
                f"must be at least {floor_s:g}: limits.dot_s + lease_s"
                f" + {UNCERTAIN_MARGIN_S}, or a letter still being accepted goes twice"
            )
        return grace_s


class Control(_Section):
    """The private HTTP listener: status, pause, metrics."""

    listen: PrivateListen = TcpListen("127.0.0.1", 8025)
    token_file: AnyPath | None = None


class Public(_Section):
    """The public HTTP listener: opting out. Off while ``listen`` is not set."""

    listen: Listen | None = None
    base_url: Annotated[str, AfterValidator(_base_url)] | None = None
    unsubscribe_mailto: Annotated[str, AfterValidator(_mailto)] | None = None


class Http(_Section):
    """The two listeners."""

    control: Control = Control()
    public: Public = Public()


class Log(_Section):
    """What is logged, and for whom."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class HealthRule(_Section):
    """A rule of health: one of ours by its name, changed, or one of your own.

    What is left out stays as it is in ours; one of your own needs all but mode and z.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,62}$")]
    kind: Literal["mailbox", "domain", "account", "client"] | None = None
    measure: Literal["hard", "block", "complaint", "silence"] | None = None
    window_h: Annotated[int, Field(ge=1, le=720)] | None = None
    min_sent: Annotated[int, Field(ge=1, le=1_000_000)] | None = None  # letters
    min_events: Annotated[int, Field(ge=0, le=100_000)] | None = None
    # A rate, 0.025 = 2.5 %; of silence the events that others would have had.
    limit: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
    brings: Literal["tired", "resting"] | None = None
    mode: Literal["observe", "suggest", "enforce", "off"] | None = None
    # How sure: standard deviations, 2.33 = one time in a hundred it is chance.
    z: Annotated[float, Field(ge=0, le=6, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> HealthRule:
        """Refuse what is no rule at once, not when it is first judged by."""
        given = self.model_dump(exclude_none=True)
        rule_of(given, {rule.name: rule for rule in RULES})
        return self


class Health(_Section):
    """Who is slowed and who rests when much comes back."""

    enabled: bool = True
    # What all rules may do at most: note, wait for a yes, act.
    mode: Literal["observe", "suggest", "enforce"] = "enforce"
    rule: Annotated[tuple[HealthRule, ...], Field(strict=False)] = ()

    def rules(self) -> tuple[Rule, ...]:
        """Give the rules that hold: ours as changed, then those of your own."""
        if not self.enabled:
            return ()
        given = [one.model_dump(exclude_none=True) for one in self.rule]
        return rules_of(given, RULES, Mode(self.mode))


class RelayFacts(_Section):
    """What only the operator knows of a relay: where letters come out, and its name."""

    addresses: Annotated[tuple[Address, ...], Field(strict=False)] = ()
    helo: Annotated[str, AfterValidator(_zone)] = ""


class Checks(_Section):
    """How the DNS is asked, by imports and by the checks of sending domains."""

    # "192.0.2.53" or "192.0.2.53:5353"; empty = those of this machine.
    name_servers: Annotated[tuple[NameServer, ...], Field(strict=False)] = ()
    enabled: bool = True  # look at the sending domains on a schedule
    interval_s: Annotated[float, Field(ge=600, le=604_800)] = 21_600  # per domain
    # How long something may be missing or wrong before the domain's mail stops.
    grace_s: Annotated[float, Field(ge=0, le=7_776_000)] = 259_200
    stops: Annotated[tuple[CheckName, ...], Field(strict=False)] = (
        "spf",
        "dkim",
        "dmarc",
        "mx",
        "ptr",
        "blocklist",
    )
    address_lists: Zones = (
        "zen.spamhaus.org",
        "bl.spamcop.net",
        "b.barracudacentral.org",
        "psbl.surriel.com",
    )
    domain_lists: Zones = ("dbl.spamhaus.org", "multi.surbl.org", "multi.uribl.com")
    relays: dict[str, RelayFacts] = {}  # by the name of the account


class Inbox(_Section):
    """How what comes back is read; where it is, says the fleet file."""

    enabled: bool = True
    interval_s: Annotated[float, Field(ge=10, le=86_400)] = 600.0  # of each mailbox
    connections: Annotated[int, Field(ge=1, le=200)] = 16  # at once, a thread each
    # How far to look into a folder that is new, or was numbered anew.
    look_back_days: Annotated[int, Field(ge=1, le=90)] = 7
    maildir: AnyPath | None = None  # mails laid there are taken too


class Settings(BaseSettings):
    """All process settings. Made by ``load``; never changed afterwards."""

    model_config = SettingsConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    database: Database = Database()
    state: State = State()
    send: Send = Send()
    http: Http = Http()
    log: Log = Log()
    health: Health = Health()
    checks: Checks = Checks()
    inbox: Inbox = Inbox()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the environment before the file, and nothing else."""
        return Environment(settings_cls), init_settings


def load(path: Path | None) -> Settings:
    """Read the settings; raises ConfigError with everything that is wrong."""
    file = read_toml(path) if path else None
    mistakes = misnamed_variables(Settings.model_fields)
    sections = dict(file.tables) if file else {}
    for name in sections.keys() - Settings.model_fields.keys():
        del sections[name]
        message = unknown("section", name, Settings.model_fields)
        mistakes.append(_placed((name,), message, file))
    try:
        settings = Settings(**sections)
    except ValidationError as error:
        for where, message in from_pydantic(error, Settings):
            mistakes.append(_placed(where, message, file))
    if mistakes:
        raise ConfigError(sorted(mistakes, key=lambda mistake: mistake.line or 0))
    return _anchored(settings, (path.parent if path else Path()).absolute())


def load_health(path: Path) -> Health:
    """Read the rules of health alone, of a file that may hold nothing else."""
    file = read_toml(path)
    try:
        return Health(**file.tables.get("health", {}))
    except ValidationError as error:
        raise ConfigError(
            Mistake(path, file.line(("health", *where)), message)
            for where, message in from_pydantic(error, Health)
        ) from None


def _placed(where: KeyPath, message: str, file: TomlFile | None) -> Mistake:
    variable = variable_of(where)
    if variable or not file:
        return Mistake(
            None, None, f"{variable or '.'.join(map(str, where))}: {message}"
        )
    return Mistake(file.path, file.line(where), message)


def _anchored(settings: Settings, root: Path) -> Settings:
    """Make every path absolute, and find the state directory."""
    http, state = settings.http, settings.state.directory
    if state is None:
        given = os.environ.get("STATE_DIRECTORY")  # systemd; several are joined by :
        state = Path(given.partition(":")[0]) if given else Path("state")
    token = http.control.token_file
    control = http.control.model_copy(
        update={
            "listen": http.control.listen.below(root),
            "token_file": root / token if token else None,
        }
    )
    listen = http.public.listen
    public = http.public.model_copy(
        update={"listen": listen.below(root) if listen else None}
    )
    maildir = settings.inbox.maildir
    return settings.model_copy(
        update={
            "state": State(directory=root / state),
            "http": Http(control=control, public=public),
            "inbox": settings.inbox.model_copy(
                update={"maildir": root / maildir if maildir else None}
            ),
        }
    )
