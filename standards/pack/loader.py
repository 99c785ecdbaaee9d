"""Reading packs: YAML in, a validated `ServiceStandards` out, or errors that name file, line, path and reason.

pack = load_pack("standards/packs/moe_jsc.yaml")
library = StandardsLibrary.load([Path("our-packs")])     # the packs of the house and an agency's own
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from casework.standards.counting.calendar_rules import FrozenDay, Holidays
from casework.standards.limits import Named
from casework.standards.pack.layers import BASED_ON, merged
from casework.standards.pack.model import ServiceStandards

DEFAULT_PACK = "moe_jsc.yaml"
FROZEN = ".holidays"  # pack.holidays.yaml has the closed days of pack.yaml


_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where libyaml is there: hundreds of days are read


class _PackLoader(yaml.SafeLoader):
    """YAML as people mean it: `no:` is a key and `on` a word; only true and false are booleans (as in YAML 1.2)."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_PackLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])


class Layer(NamedTuple):
    """A file that a pack was read from."""

    name: str
    node: yaml.Node | None


class PackError(Exception):
    """A pack cannot be used. `problems` has one line for each reason."""

    def __init__(self, file: str, problems: list[str]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {p}" for p in problems))


class UnknownStandard(LookupError):
    """No pack with this id and version is loaded."""


def load_pack(path: str | Path) -> ServiceStandards:
    """Read and validate one pack file; PackError says what is wrong and where."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(str(path), [f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"]) from error
    return parse_pack(text, str(path), Path(path).parent)


def default_pack() -> ServiceStandards:
    """The pack that comes with casework: the Joint Service Centre of the Thai Ministry of Energy."""
    return parse_pack((files("casework.standards.packs") / DEFAULT_PACK).read_text(encoding="utf-8"), DEFAULT_PACK)


def parse_pack(text: str, name: str, folder: Path | None = None) -> ServiceStandards:
    """Validate the text of a pack; `name` is what errors call the file, `folder` where the pack that it is based on and its
    frozen calendar lie, if they are not those that come with casework."""
    data, nodes = _layers(text, name, folder)
    _thaw(data, name, folder)
    try:
        return ServiceStandards.model_validate(data)
    except ValidationError as error:
        problems = [_problem(nodes, problem["loc"], problem["msg"]) for problem in error.errors(include_input=False)]
        raise PackError(name, list(dict.fromkeys(problems))) from error


def _layers(text: str, name: str, folder: Path | None, above: tuple[str, ...] = ()) -> tuple[dict[str, Any], list[Layer]]:
    """What a pack says together with the pack that it is based on, and the nodes of both, its own first."""
    try:
        node = yaml.compose(text, Loader=_PackLoader)
        repeated = list(_repeated_keys(node))
        if repeated:
            raise PackError(name, repeated)
        data = yaml.load(text, Loader=_PackLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # what constructors say of impossible values
        raise PackError(name, [f"is not valid YAML: {' '.join(str(error).split())}"]) from error
    if not isinstance(data, dict):
        raise PackError(name, ["must be a mapping with keys such as id, version, services"])
    base = data.pop(BASED_ON, None)
    if base is None:
        return data, [Layer(name, node)]
    if missing := [key for key in ("id", "version") if key not in data]:
        raise PackError(name, [f"{' and '.join(missing)}: a pack that is based on another has its own"])
    if not isinstance(base, str) or base in above:
        raise PackError(name, [f"{BASED_ON}: names another pack's file, and never one that is based on this one"])
    try:
        below, nodes = _layers(_beside(folder, base).read_text(encoding="utf-8"), base, folder, (*above, base))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise PackError(name, [f"{BASED_ON}: {base} cannot be read ({reason})"]) from error
    return merged(below, data), [Layer(name, node), *nodes]


def _beside(folder: Path | None, name: str) -> Traversable:
    """A file beside the pack, else one of those that come with casework."""
    beside = folder / name if folder is not None else None
    return beside if beside is not None and beside.exists() else files("casework.standards.packs") / name


def frozen_years(file: Path) -> dict[int, list[FrozenDay]]:
    """The closed days that a file has, year by year. Raises PackError if it cannot be read."""
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=_FAST)  # noqa: S506 - a SafeLoader
        return Holidays.model_validate({"frozen": file.name, "years": (data or {}).get("years") or {}}).years
    except (OSError, yaml.YAMLError, ValueError, AttributeError) as error:
        raise PackError(str(file), [" ".join(str(error).split())]) from error


def _thaw(data: dict[Any, Any], name: str, folder: Path | None) -> None:
    """Put the closed days of the file that `calendar.holidays.frozen` names into the pack."""
    calendar = data.get("calendar")
    holidays = calendar.get("holidays") if isinstance(calendar, dict) else None
    if not isinstance(holidays, dict) or not isinstance(frozen := holidays.get("frozen"), str) or holidays.get("years"):
        return
    try:
        text = _beside(folder, frozen).read_text(encoding="utf-8")
        days = yaml.load(text, Loader=_FAST)  # noqa: S506 - a SafeLoader
        twice = list(_repeated_keys(yaml.compose(text, Loader=_FAST)))
    except OSError as error:
        raise PackError(name, [f"calendar.holidays.frozen: {frozen} cannot be read ({error.strerror})"]) from error
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise PackError(name, [f"calendar.holidays.frozen: {frozen} is not valid YAML: {reason}"]) from error
    if twice:
        raise PackError(name, [f"calendar.holidays.frozen: {frozen}, {problem}" for problem in twice])
    holidays["years"] = days.get("years") or {} if isinstance(days, dict) else {}


class StandardsLibrary:
    """Every pack a worker serves, found by id and version: a case stays on the version it was opened under."""

    def __init__(self, packs: Iterable[ServiceStandards]) -> None:
        self.packs = list(packs)
        if not self.packs:
            raise ValueError("a library needs at least one pack")
        self._by_version: dict[tuple[str, str], ServiceStandards] = {}
        for pack in self.packs:
            known = self._by_version.setdefault((pack.id, pack.version), pack)
            if known != pack:
                raise PackError(
                    f"{pack.id} {pack.version}",
                    ["two different packs carry this id and version; give the newer one a new version"],
                )
        _registers_apart(self.packs)

    @classmethod
    def load(cls, paths: Iterable[Path]) -> StandardsLibrary:
        """Packs from files and folders; with none given, the default pack. The first is for new cases."""
        found = [file for path in paths for file in (_packs_in(path) if path.is_dir() else [path])]
        return cls([load_pack(file) for file in found] or [default_pack()])

    def with_labels(self, words: Mapping[str, Mapping[str, Named]]) -> StandardsLibrary:
        """The same packs, which also know these words of each service for what people read, as SERVICE/KEY."""
        known = {f"{service}/{key}": named for service, labels in words.items() for key, named in labels.items()}
        return StandardsLibrary(pack.model_copy(update={"labels": {**known, **pack.labels}}) for pack in self.packs)

    def get(self, pack_id: str, version: str) -> ServiceStandards:
        """The pack of a running case; UnknownStandard says what to add."""
        try:
            return self._by_version[pack_id, version]
        except KeyError:
            raise UnknownStandard(f"standard {pack_id} version {version} is not loaded; add its pack to CASEWORK_PACKS") from None

    def current(self, pack_id: str | None = None, on: date | None = None) -> ServiceStandards:
        """The pack for new cases: of `pack_id`, or of the first pack loaded, the one that took effect last by `on`.

        Of two that took effect on the same day the one loaded later counts; before any has, the earliest.
        """
        wanted = pack_id or self.packs[0].id
        candidates = [pack for pack in self.packs if pack.id == wanted]
        if not candidates:
            raise UnknownStandard(f"no standard {wanted} is loaded; loaded are {', '.join(sorted({p.id for p in self.packs}))}")
        in_force = [pack for pack in candidates if pack.effective_from <= (on or date.today())]
        if not in_force:
            return min(candidates, key=lambda pack: pack.effective_from)
        return max(enumerate(in_force), key=lambda numbered: (numbered[1].effective_from, numbered[0]))[1]


def _registers_apart(packs: Sequence[ServiceStandards]) -> None:
    """Two ministries never count in one register."""
    owners: dict[str, ServiceStandards] = {}
    for pack in packs:
        for centre in pack.known_centres:
            code = pack.registry(centre)
            owner = owners.setdefault(code, pack)
            if owner.organisation.ministry.th != pack.organisation.ministry.th:
                problem = f"centres.{centre}: {owner.id} counts in the registry {code} for another ministry; give another"
                raise PackError(f"{pack.id} {pack.version}", [problem])


def _packs_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.yaml") if not file.stem.endswith(FROZEN))


def located(file: Path, problems: Iterable[str]) -> list[str]:
    """Problems of a pack that can be read, each with the line that it is about (and the file, if that is one it is based on)."""
    _, layers = _layers(file.read_text(encoding="utf-8"), file.name, file.parent)
    return [_located(layers, problem) for problem in problems]


def _located(layers: list[Layer], problem: str) -> str:
    path = re.split(r"[.\[\]]+", problem.partition(": ")[0])
    reached = [
        (depth, layer, node) for layer in layers for depth, node in [_deepest(layer.node, path)] if node is not None and depth
    ]
    if not reached:
        return problem
    _, layer, node = max(reached, key=lambda found: found[0])
    where = f"line {node.start_mark.line + 1}" if layer is layers[0] else f"{layer.name} line {node.start_mark.line + 1}"
    return f"{where}: {problem}"


def _deepest(node: yaml.Node | None, path: Sequence[str]) -> tuple[int, yaml.Node | None]:
    """How far a path leads into a node, and what is there. In a list a part is a number, or the id of an entry."""
    for depth, part in enumerate(path):
        child = _child(node, int(part) if part.isdigit() and isinstance(node, yaml.SequenceNode) else part)
        if child is None and isinstance(node, yaml.SequenceNode):
            child = next((each for each in node.value if getattr(_child(each, "id"), "value", None) == part), None)
        if child is None:
            return depth, node
        node = child
    return len(path), node


def _problem(layers: list[Layer], loc: tuple[int | str, ...], message: str) -> str:
    """A problem, in the file that says what is wrong."""
    said = next((layer for layer in layers if _reaches(layer.node, loc)), layers[0])
    found = problem_at(said.node, loc, message)
    return found if said is layers[0] else f"{found} (in {said.name}, which it is based on)"


def _reaches(node: yaml.Node | None, loc: tuple[int | str, ...]) -> bool:
    for part in loc:
        if (child := _child(node, part)) is None:
            return not _plain(part)
        node = child
    return True


def problem_at(node: yaml.Node | None, loc: tuple[int | str, ...], message: str) -> str:
    """A problem that pydantic found, by the line and path of the YAML it was read from."""
    path = ""
    line = None
    for part in loc:
        node = _child(node, part)
        if node is None and path and not _plain(part):
            continue  # pydantic names union members in the path; the file has no such key
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        line = node.start_mark.line + 1 if node is not None else line
    reason = message.removeprefix("Value error, ")
    return f"{f'line {line}: ' if line else ''}{path}: {reason}" if path else reason


def _plain(part: int | str) -> bool:
    return isinstance(part, int) or (part.isidentifier() and part[0].islower() and not part.startswith("literal"))


def _child(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if str(key.value) == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    return None


def _repeated_keys(node: Any) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield f"line {key.start_mark.line + 1}: the key {key.value} stands twice"
            seen.add(str(key.value))
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value)
