"""What the Dockerfile and compose.yaml promise, read from them; `make test-container` runs them."""

from __future__ import annotations

import json
import re
from importlib.metadata import version

import yaml  # type: ignore[import-untyped]  # it brings no types

from daemon.settings.sources import KEYS
from tests.container import compose
from tests.container.compose import ROOT

NOBODY = "65532:65532"
LINES = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8")))
STEPS = [line.split(None, 1) for line in LINES.splitlines() if line]
LAST = max(at for at, (word, _) in enumerate(STEPS) if word == "FROM")


def words_of(word: str, start: int = 0) -> list[str]:
    """What stands behind each instruction of that name."""
    return [" ".join(rest.split()) for name, rest in STEPS[start:] if name == word]


def test_the_base_is_an_argument_with_a_slim_default() -> None:
    assert words_of("ARG")[0].startswith("BASE_IMAGE=docker.io/library/python:3.13-slim")
    assert words_of("FROM") == ["scratch AS wheels", "${BASE_IMAGE} AS build", "${BASE_IMAGE}"]


def test_every_package_is_pinned_by_hash_and_nothing_is_compiled() -> None:
    runs = " && ".join(words_of("RUN")).split(" && ")
    installs = [run for run in runs if re.search(r"\bpip\b.* install ", run)]
    assert len(installs) == 3
    for install in installs:
        by_hash = "--require-hashes" in install and "--only-binary :all:" in install
        ours = install.endswith("--no-index --no-deps /dist/*.whl")
        assert by_hash is not ours
    assert words_of("ADD") == []
    assert not re.search(r"\b(apt|apt-get|curl|wget)\b", LINES)


def test_the_last_stage_is_what_was_installed_and_nothing_else() -> None:
    assert words_of("COPY", LAST) == ["--from=build /opt/filld /opt/filld"]
    (run,) = words_of("RUN", LAST)
    assert "-perm /6000 -exec chmod ug-s" in run
    assert "pip" not in run


def test_nobody_runs_it_and_signals_reach_it() -> None:
    last = STEPS[LAST:]
    assert words_of("USER", LAST) == [NOBODY]
    assert not [word for word, _ in last[last.index(["USER", NOBODY]) :] if word == "RUN"]
    assert words_of("STOPSIGNAL", LAST) == ["SIGTERM"]
    assert json.loads(words_of("ENTRYPOINT", LAST)[0]) == ["filld"]
    assert json.loads(words_of("CMD", LAST)[0]) == ["run"]
    (check,) = words_of("HEALTHCHECK", LAST)
    assert json.loads(check.partition(" CMD ")[2]) == ["filld", "health"]


def test_its_places_are_those_that_can_be_written() -> None:
    (env,) = words_of("ENV", LAST)
    values = dict(pair.split("=", 1) for pair in env.split())
    (volume,) = json.loads(words_of("VOLUME", LAST)[0])
    assert volume == "/var/lib/filld" == values["FILLD_JOURNAL__STATE_DIR"] == values["HOME"]
    assert values["FILLD_JOURNAL__PATH"].startswith(f"{volume}/")
    socket = values["FILLD_CONTROL__SOCKET"].rpartition("/")[0]
    assert socket in [one.partition(":")[0] for one in compose.read().services["filld"].tmpfs]


def test_the_label_has_the_packages_version() -> None:
    (labels,) = words_of("LABEL", LAST)
    assert f'image.version="{version("filld")}"' in labels


def test_only_what_is_copied_reaches_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    sources = [one for words in words_of("COPY")[:-1] for one in words.split()[:-1]]
    assert sorted(f"!/{one}" for one in sources) == sorted(r for r in rules if r.startswith("!"))


def test_both_services_are_confined_and_no_secret_stands_in_the_file() -> None:
    look = compose.read()
    assert set(look.services) == {"paper", "filld"}
    for service in look.services.values():
        assert service.read_only
        assert service.cap_drop == ["ALL"]
        assert service.security_opt == ["no-new-privileges"]
        assert not re.search(r"SECRET|PASSPHRASE|PRIVATE|KEY", " ".join(service.environment))
    assert look.services["filld"].restart == "always"
    assert look.services["filld"].depends_on["paper"].condition == "service_healthy"


def test_the_paper_exchange_serves_loopback_alone_and_filld_shares_it() -> None:
    paper, filld = (compose.read().services[name] for name in ("paper", "filld"))
    assert paper.network_mode == "none"
    assert list(compose.options(filld, "x"))[:2] == ["--network", "container:x-paper"]
    assert any(one.startswith("keys:") and one.endswith(":ro") for one in filld.volumes)
    words = list(compose.options(paper, "x"))
    assert f"--volume={ROOT}/config/paper.toml:/etc/filld/paper.toml:ro" in words
    assert "--volume=x-keys:/run/paper" in words


def test_the_readmes_secrets_are_settings_and_its_volumes_are_ours() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("\n## Container\n")[2]
    shown = yaml.safe_load(section.partition("```yaml\n")[2].partition("```")[0])
    filld = shown["services"]["filld"]
    assert set(filld["secrets"]) == set(shown["secrets"])
    assert set(filld["secrets"]) <= {key.replace(".", "_") for key in KEYS}
    assert filld["volumes"][-1] in compose.read().services["filld"].volumes
    mounted = filld["volumes"][0].split(":")[1]
    assert filld["environment"]["FILLD_CONFIG"] == mounted
