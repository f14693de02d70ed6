"""The smallest files of each kind, for customers who send media without giving any."""

from __future__ import annotations

from base64 import b64decode

_JPEG = (
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP////////////////////////////////////////////////////////////////////////////////"
    "//////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
)
_OGG = (
    "T2dnUwACAAAAAAAAAABBVFlQAAAAAHZum4IBE09wdXNIZWFkAQE4AYC7AAAAAABPZ2dTAAAAAAAAAAAAAEFUWVABAAAA68zRiAEW"
    "T3B1c1RhZ3MGAAAAcHl0YWtlAAAAAE9nZ1MABMADAAAAAAAAQVRZUAIAAAA4JSkqAQP4//4="
)
_MP4 = "AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29tAAAACG1kYXQ="
_WEBP = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"
_PDF = (
    b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)

# kind of message -> MIME type as a webhook names it, bytes
SAMPLES: dict[str, tuple[str, bytes]] = {
    "image": ("image/jpeg", b64decode(_JPEG)),
    "video": ("video/mp4", b64decode(_MP4)),
    "audio": ("audio/ogg; codecs=opus", b64decode(_OGG)),
    "voice": ("audio/ogg; codecs=opus", b64decode(_OGG)),
    "document": ("application/pdf", _PDF),
    "sticker": ("image/webp", b64decode(_WEBP)),
}
