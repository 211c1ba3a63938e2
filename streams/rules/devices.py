"""Tells what kind of device a browser runs on."""

import re
from functools import lru_cache
from typing import Final

_BOT: Final = re.compile(r"bot\b|bot/|crawl|spider|slurp|headless|lighthouse|preview|curl/|wget/|python-|monitor", re.I)
_TABLET: Final = re.compile(r"ipad|tablet|kindle|silk/|playbook", re.I)
_MOBILE: Final = re.compile(r"mobile|iphone|ipod|android|windows phone|opera mini", re.I)
_DESKTOP: Final = re.compile(r"windows nt|macintosh|x11|cros |linux", re.I)


@lru_cache(maxsize=4096)
def device_of(user_agent: str | None) -> str:
    """Tell what kind of device sends *user_agent*: desktop, mobile, tablet, bot or unknown.

    Looked for in this order: a robot's word; a tablet's name, or Android without "Mobile", as Google asks tablets to
    say (https://developer.chrome.com/docs/multidevice/user-agent); a phone's; a desktop system's. An iPad that asks
    for desktop pages says it is a Mac, and counts as one.
    """
    if not user_agent:
        return "unknown"
    if _BOT.search(user_agent):
        return "bot"
    if _TABLET.search(user_agent) or ("Android" in user_agent and "Mobile" not in user_agent):
        return "tablet"
    if _MOBILE.search(user_agent):
        return "mobile"
    return "desktop" if _DESKTOP.search(user_agent) else "unknown"
