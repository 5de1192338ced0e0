"""RS256 signatures for the tokens of the authorization server: a key in memory, gone with the process as in DHIS2."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import msgspec

_EXPONENT: Final = 65537
_BITS: Final = 2048
# DER of the algorithm identifier that goes before a SHA-256 digest in a PKCS#1 v1.5 signature (RFC 8017, 9.2).
_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_SMALL_PRIMES: Final = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


@dataclass(slots=True, frozen=True)
class SigningKey:
    """An RSA key."""

    modulus: int
    private_exponent: int
    kid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def jwk(self) -> dict[str, str]:
        """Give the public half as a JSON web key."""
        return {
            "kty": "RSA",
            "e": encoded(_EXPONENT.to_bytes(3, "big")),
            "kid": self.kid,
            "n": encoded(self.modulus.to_bytes(_BITS // 8, "big")),
        }

    def signed(self, claims: dict[str, Any]) -> str:
        """Make a JSON web token of these claims."""
        header = {"kid": self.kid, "alg": "RS256"}
        text = ".".join(encoded(msgspec.json.encode(part)) for part in (header, claims))
        return f"{text}.{encoded(self._signature(text.encode()).to_bytes(_BITS // 8, 'big'))}"

    def claims(self, token: str) -> dict[str, Any] | None:
        """Give the claims of a token that this key signed, else None; ValueError when it isn't a token."""
        text, _, signature = token.rpartition(".")
        body = text.partition(".")[2]
        if not body:
            message = "Invalid JWT serialization: Missing dot delimiter(s)"
            raise ValueError(message)
        if encoded(self._signature(text.encode()).to_bytes(_BITS // 8, "big")) != signature:
            return None
        return msgspec.json.decode(_decoded(body), type=dict[str, Any])

    def _signature(self, text: bytes) -> int:
        digest = _SHA256 + hashlib.sha256(text).digest()
        padded = b"\x00\x01" + b"\xff" * (_BITS // 8 - len(digest) - 3) + b"\x00" + digest
        return pow(int.from_bytes(padded, "big"), self.private_exponent, self.modulus)


@cache
def process_key() -> SigningKey:
    """Give the key of this process, made on first use, which takes about a second."""
    while True:
        first, second = _prime(_BITS // 2), _prime(_BITS // 2)
        modulus, totient = first * second, (first - 1) * (second - 1)
        if modulus.bit_length() == _BITS and totient % _EXPONENT:
            return SigningKey(modulus, pow(_EXPONENT, -1, totient))


def encoded(content: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _prime(bits: int) -> int:
    while True:
        candidate = secrets.randbits(bits) | (0b11 << (bits - 2)) | 1
        if all(candidate % small for small in _SMALL_PRIMES) and _is_prime(candidate):
            return candidate


def _is_prime(number: int) -> bool:
    """Miller and Rabin's test; 8 rounds are plenty for random numbers of this size."""
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for _ in range(8):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        if not any((power := power * power % number) == number - 1 for _ in range(twos - 1)):
            return False
    return True
