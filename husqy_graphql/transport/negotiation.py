"""Content negotiation by `Accept` (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence


def best_media_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """The offered type that the client likes best, the first one in doubt; None when it accepts none of them."""
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    liked = [(_quality(offer, ranges), -index, offer) for index, offer in enumerate(offered)]
    quality, _, best = max(liked)
    return best if quality > 0 else None


def _media_range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return kind, quality


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The most specific range decides, as the RFC says."""
    for wanted in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        for kind, quality in ranges:
            if kind == wanted:
                return quality
    return 0.0
