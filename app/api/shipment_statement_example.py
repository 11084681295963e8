"""A statement that there is no event about a shipment, as openapi.yaml shows it: `awizo verify` finds it sound."""

from hashlib import sha256
from typing import Any

from app.evidence.canonical import canonical_json
from app.evidence.limits import SHIPMENT_LIMITS

_BODY: dict[str, Any] = {
    "anchors": [],
    "checkpoint": (
        "awizo.example/log/2026h2\n"
        "18\n"
        "2pDfpZ+B56Vpa+4/w+v7jbt4Gj9paLYKpMZYC5phdJ4=\n"
        "\n"
        "— awizo.example/log/2026h2 cG6EjTITGB8jqmEN+oQZILmj7eXZ3DmHeQ8Cai7Qw1v9GbSxy0Xijdt8a0he7y22Yl6KD70hx"
        "An7f1PC1+wjYY3Y/Ao=\n"
    ),
    "events": [],
    "format": "awizo-shipment/v1",
    "issued_at": "2026-11-22T15:46:21.653Z",
    "limits": SHIPMENT_LIMITS,
    "notifications": [],
    "originals": [],
    "pending": 0,
    "since": "2026-11-22T15:46:15.517Z",
    "statement": (
        "awizo-shipment-statement/v1\n"
        "h/3BVaXv15w9L7z7vsYm+3RZ24v/wyxFFQlhyYhnjY4=\n"
        "2026-11-22T15:46:21.653Z\n"
        "2026-11-22T15:46:15.517Z\n"
        "2026-11-22T15:46:20.405Z\n"
        "0\n"
        "0\n"
        "0\n"
        "0\n"
        "0\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
        "awizo.example/log/2026h2\n"
        "18\n"
        "\n"
        "— awizo.example/log/2026h2/statements TR1cApJRJcM7Bcxm9uxBqDx/4TprsEFbGc3/A0YFmadoj7e8AYu+5LzkSVJQK2"
        "Ydx4JyaDE4QfElUMAeaEbQeb/KAQ8=\n"
    ),
    "subject": {
        "commitment": "h/3BVaXv15w9L7z7vsYm+3RZ24v/wyxFFQlhyYhnjY4=",
        "salt": "InT6kAKKv40cYEPJMvCaM1y9VZVTyVw5lx4Yj7K1Qy4=",
        "value": "poczta-polska\nnever-named",
    },
    "unlinked": {
        "events": 0,
        "notifications": 0,
    },
    "until": "2026-11-22T15:46:20.405Z",
    "vkeys": [
        "awizo.example/log/2026h2+706e848d+AZmgQmJAjp73wsnKyNF38efZCZ7rCMR2vSSOzgoEbqrY",
        "awizo.example/log/2026h2/statements+4d1d5c02+AcC8HU/KBKwh55F0TnDDCLd1rey4xhHO6sv2lZcMlTQ7",
    ],
    "witnesses": "",
}

STATEMENT_EXAMPLE = {**_BODY, "digest": sha256(canonical_json(_BODY)).hexdigest()}
