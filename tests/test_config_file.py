"""The laws of reading the settings: places, the environment, mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.config import Settings
from outreachd.config_file import load, load_health
from outreachd.listen import TcpListen, UnixListen
from outreachd.mistakes import ConfigError


@pytest.fixture(autouse=True)
def _no_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the machine that tests has set."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


def write(folder: Path, text: str) -> Path:
    path = folder / "outreachd.toml"
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """Tell what is wrong with a file, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    return [str(m).removeprefix(f"{folder}/") for m in caught.value.mistakes]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Fault 74: each wrong key with file, line and what is allowed, in one go."""
    said = mistakes(
        tmp_path,
        """
[database]
dsn = "mysql://root:hunter2@db"
[state]
directory = 7
[send]
max_in_flight = "200"
lease_s = -3
leese_s = 3
drain_s = nan
claim_poll_s = true
local_hostname = "a b"
[send.limits]
dot_s = 4000
[http.control]
listen = "0.0.0.0:80"
[http.public]
base_url = "out.example.org"
unsubscribe_mailto = "Ann <a@b.example>"
[log]
level = "loud"
[helth]
[health]
window_s = 3
""",
    )
    assert said == [
        (
            'outreachd.toml:3: dsn must be "embedded" or'
            ' "postgresql://USER@HOST,HOST/DATABASE"'
        ),
        "outreachd.toml:5: directory must be a path in quotes",
        "outreachd.toml:7: max_in_flight must be a whole number",
        "outreachd.toml:8: lease_s must be at least 3",
        'outreachd.toml:9: unknown key "leese_s": did you mean "lease_s"?',
        "outreachd.toml:10: drain_s must be at most 600",
        "outreachd.toml:11: claim_poll_s must be a number",
        (
            "outreachd.toml:12: local_hostname must be a host name such as"
            ' "out.example.org"'
        ),
        "outreachd.toml:14: dot_s must be at most 3600",
        (
            "outreachd.toml:16: listen must be a loopback address or unix:PATH:"
            " control is private"
        ),
        (
            "outreachd.toml:18: base_url must be a web address such as"
            ' "https://out.example.org"'
        ),
        (
            "outreachd.toml:19: unsubscribe_mailto must be one plain address such as"
            ' "unsubscribe@example.org"'
        ),
        "outreachd.toml:21: level must be one of 'debug', 'info', 'warning', 'error'",
        'outreachd.toml:22: unknown section "helth": did you mean "health"?',
        'outreachd.toml:24: unknown key "window_s"; known: enabled, mode, rule',
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[database]\ndsn = "mysql://root:hunter2@db"',
        '[database]\ndsn = { password = "hunter2" }',
        '[database]\npassword = "hunter2"',
        '[http.control]\ntoken = "hunter2"',
        '[http.control]\nlisten = "hunter2"',
        'dsn = "hunter2"',
        'database = "hunter2"',
    ],
)
def test_no_error_repeats_a_value(tmp_path: Path, text: str) -> None:
    """A refused value may be a secret, wherever it was put."""
    assert "hunter2" not in "".join(mistakes(tmp_path, text))


def test_no_repr_shows_the_dsn(tmp_path: Path) -> None:
    """A dsn may hold a password; a logged setting must not."""
    settings = load(write(tmp_path, '[database]\ndsn = "postgresql://a:hunter2@h/d"'))
    assert settings.database.dsn.endswith("@h/d")
    assert "hunter2" not in repr(settings) + str(settings)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable changes one key and leaves those beside it."""
    path = write(
        tmp_path, "[send]\nlease_s = 10\ndrain_s = 11\n[send.limits]\ndot_s = 500"
    )
    monkeypatch.setenv("OUTREACHD_SEND__LEASE_S", "20.5")
    monkeypatch.setenv("OUTREACHD_HTTP__CONTROL__LISTEN", "unix:c.sock")
    monkeypatch.setenv("OUTREACHD_LOG__FORMAT", "console")
    settings = load(path)
    assert (settings.send.lease_s, settings.send.drain_s) == (20.5, 11)
    assert settings.send.limits.dot_s == 500
    assert settings.http.control.listen == UnixListen(tmp_path / "c.sock")
    assert settings.log.format == "console"


@pytest.mark.parametrize("place", ["127.0.0.1:8080", "unix:public.sock"])
def test_the_environment_opens_the_public_listener(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Its place may be missing, and is read like that of the other one."""
    monkeypatch.setenv("OUTREACHD_HTTP__PUBLIC__LISTEN", place)
    monkeypatch.setenv("OUTREACHD_HTTP__PUBLIC__BASE_URL", "https://out.example.org")
    assert load(None).http.public.listen is not None


def test_a_list_that_is_none_is_told_with_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody writes one server where a list belongs: a sentence, no traceback."""
    monkeypatch.setenv("OUTREACHD_CHECKS__NAME_SERVERS", "192.0.2.53")
    with pytest.raises(ConfigError, match=r"OUTREACHD_CHECKS__NAME_SERVERS: .*list"):
        load(None)


@pytest.mark.parametrize("text", ["true", "5.0", "\u0665", "[5]", "9" * 5000])
def test_a_number_in_the_environment_is_as_strict_as_in_the_file(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Nothing is made into a whole number that is not written as one."""
    monkeypatch.setenv("OUTREACHD_SEND__MAX_IN_FLIGHT", text)
    with pytest.raises(ConfigError, match="MAX_IN_FLIGHT: max_in_flight must be"):
        load(None)


def test_a_list_with_a_number_without_end_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python refuses to read such a number; that is the variable's fault, not ours."""
    monkeypatch.setenv("OUTREACHD_CHECKS__NAME_SERVERS", f"[{'9' * 5000}]")
    with pytest.raises(ConfigError, match="name_servers must be a list"):
        load(None)


def test_a_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is not blamed for what it did not say, and no value is repeated."""
    monkeypatch.setenv("OUTREACHD_SEND__LEASE_S", "hunter2")
    monkeypatch.setenv("OUTREACHD_SEND__LEESE_S", "hunter2")
    assert sorted(mistakes(tmp_path, "[send]\nlease_s = 10")) == [
        "environment: OUTREACHD_SEND__LEASE_S: lease_s must be a number",
        (
            'environment: OUTREACHD_SEND__LEESE_S: unknown key "leese_s":'
            ' did you mean "lease_s"?'
        ),
    ]


def test_a_mistake_without_a_file_still_names_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Defaults can be at odds with one variable: the key at fault is told."""
    monkeypatch.setenv("OUTREACHD_SEND__LIMITS__DOT_S", "3600")
    with pytest.raises(ConfigError, match=r"send\.uncertain_grace_s: .* at least 3675"):
        load(None)


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    """Where the daemon is started from changes nothing."""
    text = (
        '[state]\ndirectory = "data"\n'
        '[http.control]\ntoken_file = "tok"\n'
        '[http.public]\nlisten = "unix:p.sock"\n'
    )
    settings = load(write(tmp_path, text))
    assert settings.state.directory == tmp_path / "data"
    assert settings.http.control.token_file == tmp_path / "tok"
    assert settings.http.public.listen == UnixListen(tmp_path / "p.sock")
    assert settings.http.control.listen == TcpListen("127.0.0.1", 8025)


def test_the_state_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one named, else the one systemd made, else ./state beside the file."""
    empty = write(tmp_path, "")
    assert load(empty).state.directory == tmp_path / "state"
    assert load(None).state.directory == Path.cwd() / "state"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/outreachd:/var/lib/other")
    assert load(empty).state.directory == Path("/var/lib/outreachd")
    named = write(tmp_path, '[state]\ndirectory = "/srv/o"')
    assert load(named).state.directory == Path("/srv/o")


def test_keys_that_pydantic_would_take_for_its_own_are_refused(tmp_path: Path) -> None:
    """A file cannot turn the library's own switches."""
    said = mistakes(tmp_path, '_env_file = "x"')
    assert said[0].startswith('outreachd.toml:1: unknown section "_env_file"')


def test_settings_are_one_value() -> None:
    """Two readings of the same are equal."""
    assert isinstance(load(None), Settings)
    assert load(None) == load(None)


def test_facts_of_relays_are_checked_and_their_keys_known(tmp_path: Path) -> None:
    """A table named after an account is no reason to guess at its keys."""
    said = mistakes(
        tmp_path,
        """
[checks]
stops = ["spf", "foo"]
interval_s = 5
address_lists = ["x"]
[checks.relays.relay]
addresses = ["192.0.2.1x"]
heloo = "a.b"
""",
    )
    assert len(said) == 5
    assert 'unknown key "heloo": did you mean "helo"?' in said[-1]
    assert "must be an address" in said[-2]


def test_what_is_no_rule_is_refused_with_its_line(tmp_path: Path) -> None:
    """Half a rule, and complaints of a mailbox, are told before anything is judged."""
    text = """
[[health.rule]]
name = "mine"
limit = 0.04
[[health.rule]]
name = "mailbox_bounces_week"
measure = "complaint"
"""
    told = mistakes(tmp_path, text)
    assert [one.partition(": ")[0] for one in told] == [
        "outreachd.toml:2",
        "outreachd.toml:5",
    ]
    assert "as one of your own it lacks kind, measure, window_h" in told[0]
    assert "complaints are judged of domains" in told[1]


def test_a_file_of_rules_is_read_as_the_settings_are(tmp_path: Path) -> None:
    """Replay takes the same tables, alone in a file or with all the rest."""
    file = write(tmp_path, '[health]\nmode = "observe"\n[log]\nlevel = "debug"\n')
    assert {one.mode for one in load_health(file).rules()} == {"observe"}
    with pytest.raises(ConfigError, match="toml:2: unknown key"):
        load_health(write(tmp_path, "[health]\nfoo = 1"))
