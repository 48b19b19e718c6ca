"""Process settings: every key, default, unit and bound, here and nowhere else.

One frozen value, in the sections of the settings file; ``config_file.py`` makes it of
the file and the environment, which wins. What one value must look like stands in
``config_forms.py``, the section of health in ``config_health.py``. Durations are
seconds (``_s``). Source: pydantic-settings documentation.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from outreachd.config_forms import (
    SECTION,
    Address,
    AnyPath,
    BaseUrl,
    Dsn,
    HostName,
    Limit,
    Mailto,
    NameServer,
    Zone,
)
from outreachd.config_health import Health
from outreachd.environment import Environment
from outreachd.listen import Listen, PrivateListen, TcpListen

# Time left for a lease to run out and for a late answer to be written down, before
# a send without an answer may be judged (seconds).
UNCERTAIN_MARGIN_S = 60


class _Section(BaseModel):
    model_config = SECTION


class Database(_Section):
    """Where the ledger is; ``embedded`` starts a PostgreSQL of our own."""

    dsn: Dsn = Field(default="embedded", repr=False)  # may hold a password


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
    local_hostname: HostName | None = None  # said in EHLO; None = the machine's name
    limits: Limits = Limits()
    connections: Connections = Connections()
    # After this an uncertain send may be judged by its campaign's policy.
    uncertain_grace_s: Annotated[float, Field(le=86_400, validate_default=True)] = 1200

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
    base_url: BaseUrl | None = None
    unsubscribe_mailto: Mailto | None = None


class Http(_Section):
    """The two listeners."""

    control: Control = Control()
    public: Public = Public()


class Log(_Section):
    """What is logged, and for whom."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


CheckName = Literal["spf", "dkim", "dmarc", "mx", "ptr", "helo", "blocklist"]


class RelayFacts(_Section):
    """What only the operator knows of a relay: where letters come out, and its name."""

    addresses: Annotated[tuple[Address, ...], Field(strict=False)] = ()
    helo: Zone = ""


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
    address_lists: Annotated[tuple[Zone, ...], Field(strict=False)] = (
        "zen.spamhaus.org",
        "bl.spamcop.net",
        "b.barracudacentral.org",
        "psbl.surriel.com",
    )
    domain_lists: Annotated[tuple[Zone, ...], Field(strict=False)] = (
        "dbl.spamhaus.org",
        "multi.surbl.org",
        "multi.uribl.com",
    )
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
