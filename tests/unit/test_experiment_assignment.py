"""Assignment: stable, even, and as configured."""

import json
import re
from collections import Counter
from datetime import date
from math import inf
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from analytics.experiments.assignment import assign
from analytics.experiments.configuration import Experiment, parse
from analytics.experiments.inference import sample_ratio
from schemas.errors import ConfigurationError


def an_experiment(**changes: Any) -> Experiment:
    told = {"shop": "demo", "name": "home", "variants": [{"name": "a"}, {"name": "b", "weight": 3}]}
    return Experiment.model_validate(told | changes)


def test_everybody_keeps_a_variant_and_the_variants_have_their_weights() -> None:
    experiment = an_experiment()
    assigned = [assign(experiment, visitor=f"visitor-{number}") for number in range(20_000)]
    counts = Counter(assigned)

    assert assigned == [assign(an_experiment(), visitor=f"visitor-{number}") for number in range(20_000)]
    assert sample_ratio([counts["a"], counts["b"]], [0.25, 0.75]) > 0.001


def test_ids_are_assigned_as_they_always_were() -> None:
    assigned = [assign(an_experiment(), visitor=f"visitor-{number}") for number in range(12)]

    assert assigned == list("babbbaababab")  # another hash would show half the people something else


def test_the_person_decides_before_the_visitor_and_what_was_kept_before_both() -> None:
    experiment = an_experiment()
    by_person = assign(experiment, person="p1")
    other = "a" if by_person == "b" else "b"

    assert {assign(experiment, person="p1", visitor=f"v{number}") for number in range(50)} == {by_person}
    assert assign(experiment, person="p1", kept=other) == other
    assert assign(experiment, person="p1", kept="gone") == by_person
    with pytest.raises(ValueError, match="person or a visitor"):
        assign(experiment)


def test_two_experiments_and_two_salts_assign_independently() -> None:
    people = [f"p{number}" for number in range(8_000)]
    even = {"variants": [{"name": "a"}, {"name": "b"}]}
    one = [assign(an_experiment(**even), person=each) for each in people]

    for other in (an_experiment(name="other", **even), an_experiment(salt="2", **even)):
        both = Counter(zip(one, (assign(other, person=each) for each in people), strict=True))
        assert sample_ratio(list(both.values()), [1] * 4) > 0.001


def test_more_traffic_adds_people_and_moves_nobody() -> None:
    few, all_ = an_experiment(traffic=0.3), an_experiment()
    people = [f"p{number}" for number in range(5_000)]
    taking_part = [each for each in people if assign(few, person=each)]

    assert sample_ratio([len(taking_part), 5_000 - len(taking_part)], [0.3, 0.7]) > 0.001
    assert all(assign(few, person=each) == assign(all_, person=each) for each in taking_part)
    assert assign(an_experiment(status="stopped"), person="p1") is None


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"variants": [{"name": "a"}]}, "variants"),
        ({"variants": [{"name": "a"}, {"name": "a"}]}, r"experiments\.0 \(two variants have the same name\)"),
        ({"variants": [{"name": "a", "weight": inf}, {"name": "b"}]}, r"variants\.0\.weight \(must be a number, as 12"),
        ({"variants": [{"name": "a", "settings": {"since": date(2026, 1, 1)}}, {"name": "b"}]}, r"settings\.since"),
        ({"ended_at": "2020-01-01T00:00:00Z"}, "it ended before it started"),
        ({"traffic": 2}, "traffic"),
        ({"nmae": "secret value"}, "nmae"),
    ],
)
def test_a_wrong_experiment_is_told_by_its_field_never_by_its_value(content: dict[str, Any], field: str) -> None:
    told = {"shop": "demo", "name": "home", "variants": [{"name": "a"}, {"name": "b"}]} | content

    with pytest.raises(ConfigurationError, match=field) as raised:
        parse({"experiments": [told]})
    assert "secret value" not in str(raised.value)


def test_a_file_lists_experiments_each_of_a_name_of_its_own() -> None:
    told = {"shop": "demo", "name": "home", "variants": [{"name": "a"}, {"name": "b"}]}

    assert [each.name for each in parse({"experiments": [told, told | {"name": "cart"}]})] == ["home", "cart"]
    with pytest.raises(ConfigurationError, match="two experiments of a shop have the same name"):
        parse({"experiments": [told, told | {"variants": [{"name": "c"}, {"name": "d"}]}]})
    nothing: list[dict[str, list[str]]] = [{"experiment": []}, {"experiments": []}]
    for wrong in nothing:
        with pytest.raises(ConfigurationError, match="experiments "):
            parse(wrong)
    with pytest.raises(ConfigurationError, match="the file"):
        parse(None)


def test_the_guides_own_experiment_assigns_as_the_guide_says() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text()
    (file,) = re.findall(r"cat experiments.yaml\n(.+?)    \$ ", guide, re.S)
    (told,) = map(json.loads, re.findall(r'^    (\{"shop".+)$', guide, re.M))
    (experiment,) = parse(yaml.safe_load(dedent(file)))

    assert told["variant"] == assign(experiment, visitor="VISITOR")
    assert told["settings"] == {each.name: each.settings for each in experiment.variants}[told["variant"]]
    assert (told["shop"], told["experiment"]) == (experiment.shop, experiment.name)
