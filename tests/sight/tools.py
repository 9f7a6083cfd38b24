"""Prometheus's own tools, where this machine has them; and what of `deploy/` they are asked about."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.code import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
UNPACKED = REPOSITORY / ".venv" / "prometheus" / "usr" / "bin"

#: A metric of ours or a recorded one, or Prometheus's own two, with its matchers.
SELECTOR = re.compile(r"\b((?:tocsin[a-z0-9_:]+)|up|ALERTS)\b(\{[^}]*\})?")
MATCHER = re.compile(r'([a-z_]+)\s*(=~|=|!=|!~)\s*"([^"]*)"')


def tool(name: str) -> str:
    """The program's path: Debian's package, or what deploy/setup/prometheus.sh unpacked."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED))
    if found is None:
        if "CI" in os.environ:  # where every ring must run, a skip would pass for one
            pytest.fail(f"{name} is not on this machine: deploy/setup/prometheus.sh fetches it")
        pytest.skip(f"{name} is not on this machine: deploy/setup/prometheus.sh fetches it where there is apt-get")
    return found


#: One of those that Debian's Alertmanager reads, wherever its program is.
TEMPLATE = Path("/usr/share/prometheus/alertmanager/email.tmpl")


def alertmanager() -> str:
    """Alertmanager's path, where it can run: unpacked only, it has no templates."""
    found = tool("prometheus-alertmanager")
    if found.startswith(str(UNPACKED)) and not TEMPLATE.exists():
        missing = f"{TEMPLATE} is not there: deploy/setup/prometheus.sh puts it there as root"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def load(path: Path) -> dict[str, Any]:
    """One YAML file."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def rules(name: str) -> list[dict[str, Any]]:
    """Every rule of one file."""
    return [rule for group in load(PROMETHEUS / name)["groups"] for rule in group["rules"]]


ALERTS, RECORDED = rules("alerts.yml"), rules("objectives.yml")


class Selector(NamedTuple):
    """One place where an expression names series."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]

    @property
    def text(self) -> str:
        """As PromQL."""
        return self.metric + "{" + ",".join(f'{name}{how}"{value}"' for name, how, value in self.matchers) + "}"


def selectors(expression: str) -> Iterator[Selector]:
    """What an expression reads."""
    for metric, matchers in SELECTOR.findall(expression):
        yield Selector(metric, tuple(MATCHER.findall(matchers)))


def queries(board: dict[str, Any]) -> list[str]:
    """Every query of one dashboard, as Grafana asks it with `live` chosen."""
    written = (target["expr"] for panel in board["panels"] for target in panel.get("targets", []))
    return [expression.replace("$realm", "live") for expression in written]
