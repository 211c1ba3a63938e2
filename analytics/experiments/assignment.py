"""Who sees what: an experiment and who is there go in, the name of a variant comes out. Pure; nothing is stored.

**The rule.** The hash of shop, experiment, salt and the person decides; while nobody knows the person, the hash of the
visitor (one browser) does. Both are stable, so everybody keeps a variant without anything being remembered.

**When visitors merge.** A visitor who turns out to be a known person may be hashed to another variant from then on.
So a storefront passes what it showed before as *kept* (from a cookie): that stays, as long as it is still one of the
experiment's. Where it cannot, and for people on several devices, the results hold the other half of the rule: after the
merge each person counts once, for the variant first seen on any device, and people who saw several are counted beside
it as `mixed`: they dilute a difference, they never make one.
"""

from hashlib import sha256

from analytics.experiments.configuration import Experiment


def assign(
    experiment: Experiment, *, person: str | None = None, visitor: str | None = None, kept: str | None = None
) -> str | None:
    """Tell which variant to show; None: does not take part, so show what everybody sees.

    Raises:
        ValueError: neither *person* nor *visitor* is given.
    """
    unit = person or visitor
    if not unit:
        raise ValueError("who is it? give a person or a visitor")
    if experiment.status != "running":
        return None
    if kept is not None and any(variant.name == kept for variant in experiment.variants):
        return kept
    if share(experiment, "traffic", unit) >= experiment.traffic:
        return None
    place, reached = share(experiment, "variant", unit), 0.0
    for variant in experiment.variants:
        reached += variant.weight
        if place < reached:
            return variant.name
    return experiment.variants[-1].name  # weights that sum to a hair below 1


def share(experiment: Experiment, purpose: str, unit: str) -> float:
    """Place *unit* between 0 and 1, evenly and alike for ever; *purpose* keeps two decisions apart."""
    content = "\x1f".join((experiment.shop, experiment.name, experiment.salt, purpose, unit))
    return int.from_bytes(sha256(content.encode()).digest()[:8], "big") / 2**64
