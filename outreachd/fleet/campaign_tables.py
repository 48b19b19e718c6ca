"""The tables of a campaign: its pool, calendar, steps, wordings and what it lets pass.

Every key with its type, default, unit and bounds. What one table can tell by itself is
checked here, the form of a value in ``forms.py``; what needs a second table or a file
in ``campaigns.py`` and ``wordings.py``.
Errors: pydantic's, turned into sentences by ``mistakes.from_pydantic``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from outreachd.fleet.forms import (
    TABLE,
    Address,
    Body,
    CalendarZone,
    Days,
    Delay,
    DomainName,
    Duration,
    Ground,
    Holidays,
    Hours,
    Line,
    Name,
    Share,
    Zone,
)


class _Table(BaseModel):
    model_config = TABLE


class PoolTable(_Table):
    """pool = { tags, domains, mailboxes }."""

    tags: list[Name] = []
    domains: list[DomainName] = []
    mailboxes: list[Address] = []


class CalendarTable(_Table):
    """calendar = { days, hours, timezone, holidays, unknown_timezone }."""

    days: Days = "mon-fri"
    hours: Hours = "09:00-18:00"
    timezone: CalendarZone = "recipient"
    holidays: Holidays = ""
    unknown_timezone: Zone | Literal[""] = ""  # "" = the client's


class WordingTable(_Table):
    """What a step and a variant of it have in common."""

    subject: Line | None = None
    text: Body | None = None
    text_file: Line | None = None
    html: Body | None = None
    html_file: Line | None = None


class VariantTable(WordingTable):
    """[[campaign.step.variant]]."""

    name: Name
    weight: Share = 1.0


class StepTable(WordingTable):
    """[[campaign.step]]."""

    after: Delay | None = None
    attachments: Annotated[list[Line], Field(max_length=10)] = []
    variant: Annotated[list[VariantTable], Field(max_length=20)] = []


Treatment = Literal["take", "hold", "skip"]


class HygieneTable(_Table):
    """hygiene = { role, disposable, free, smtputf8, no_mx }: take, hold or skip."""

    role: Treatment = "hold"
    disposable: Treatment = "skip"
    free: Treatment = "take"
    smtputf8: Treatment = "skip"
    no_mx: Treatment = "skip"


class ConfirmTable(WordingTable):
    """confirm = { subject, text, html }: the letter of a double opt-in."""

    subject: Line


class CampaignTable(_Table):
    """[[campaign]]."""

    name: Name
    client: Name
    direction: Name
    pool: PoolTable
    step: Annotated[list[StepTable], Field(min_length=1, max_length=100)]
    share: Share = 1.0
    calendar: CalendarTable = CalendarTable()
    on_uncertain: Literal["hold", "resend"] = "hold"
    useful_for: Duration | None = None
    stop_company: bool = False
    first_touch_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    mailbox_gone: Literal["wait", "stand_in", "stop"] = "wait"
    hygiene: HygieneTable = HygieneTable()
    silent_after: Duration = "183 days"
    consent: Annotated[list[Ground], Field(min_length=1)] | None = None
    confirm: ConfirmTable | None = None
