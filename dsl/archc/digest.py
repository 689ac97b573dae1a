"""SHA-256, without the OpenSSL that `hashlib` loads: that takes as long as a small compile."""

try:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore]  # Python 3.11
    except ImportError:
        from hashlib import sha256

__all__ = ["sha256"]
