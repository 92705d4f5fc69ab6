"""What allauth needs to know of the single sign-ons that the environment names."""

from typing import Any
from urllib.parse import urlsplit

#: As they stand in our addresses, and in the accounts that are connected.
OIDC, SAML = "oidc", "saml"
EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


def oidc(name: str, issuer: str, client_id: str, secret: str) -> dict[str, Any]:
    """Return an OpenID Connect issuer as allauth configures it."""
    return {
        "provider_id": OIDC,
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": issuer},
    }


def saml(name: str, address: str, entity: str, certificate: str) -> dict[str, Any]:
    """Return a SAML identity provider as allauth configures it: every assertion is signed and was asked for."""
    return {
        "provider_id": SAML,
        "client_id": "company",
        "name": name,
        "settings": {
            "idp": {"entity_id": entity, "sso_url": address, "x509cert": certificate},
            "attribute_mapping": {
                "uid": ["urn:oasis:names:tc:SAML:attribute:subject-id"],
                "email": ["email", "mail", EMAIL, "urn:oid:0.9.2342.19200300.100.1.3"],
            },
            "advanced": {"want_assertion_signed": True, "reject_idp_initiated_sso": True},
        },
    }


def origins(*addresses: str) -> list[str]:
    """Return scheme and host of each address that is given, for the content security policy."""
    parts = [urlsplit(address) for address in addresses if address]
    return [f"{one.scheme}://{one.netloc}" for one in parts]
