"""Secrets at rest: encryption and keyed hashes under a ring of keys that can be rotated.

The first key of the ring writes; every key reads. To rotate, put a new key in front, run
`husqy-graphql keys rotate`, and drop the old one afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`encrypt`, `decrypt` and `digest` under derived keys; never shows its keys."""

    _ciphers: MultiFernet = field(repr=False)
    _digest_keys: tuple[bytes, ...] = field(repr=False)

    def encrypt(self, text: str) -> bytes:
        return self._ciphers.encrypt(text.encode())

    def decrypt(self, data: bytes) -> str:
        """Raises ValueError when no key of the ring fits."""
        try:
            return self._ciphers.decrypt(data).decode()
        except InvalidToken:
            raise ValueError("no key of HUSQY_SECRET_KEYS decrypts this value; was a key dropped too early?") from None

    def digest(self, text: str) -> bytes:
        """The keyed hash that new rows are stored under (HMAC-SHA-256, 32 bytes)."""
        return self.digests(text)[0]

    def digests(self, text: str) -> list[bytes]:
        """The keyed hashes under every key of the ring, the writing one first: what a look-up must compare with."""
        return [hmac.digest(key, text.encode(), hashlib.sha256) for key in self._digest_keys]


def create_key_ring(secret_keys: Sequence[str]) -> KeyRing:
    """A ring out of secrets of any text; raises ValueError without one."""
    if not secret_keys:
        raise ValueError("a key ring needs at least one secret key")
    return KeyRing(
        MultiFernet([Fernet(urlsafe_b64encode(_derive(key, b"encryption"))) for key in secret_keys]),
        tuple(_derive(key, b"digest") for key in secret_keys),
    )


def _derive(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"husqy-graphql " + purpose).derive(secret_key.encode())
