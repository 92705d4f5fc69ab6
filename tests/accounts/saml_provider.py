"""A SAML identity provider made for the tests: its key, and what it says of somebody."""

import base64
import zlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from common import clock
from config import single_sign_on

ENTITY, SSO = "https://idp.example.com/", "https://idp.example.com/sso"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
SIGNER = "idp"
DESK = "http://desk.example.com/account/sso/saml/company"


@cache
def key_and_certificate(name: str) -> tuple[str, str]:
    """Return a private key and its certificate, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    since = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    return written.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def configured() -> dict[str, Any]:
    """Return what the environment would say of this provider."""
    return {"saml": {"APPS": [single_sign_on.saml("Company", SSO, ENTITY, key_and_certificate(SIGNER)[1])]}}


def asked(address: str) -> str:
    """Return the number of the question with which somebody was sent to the provider."""
    question = parse_qs(urlsplit(address).query)["SAMLRequest"][0]
    return ElementTree.fromstring(zlib.decompress(base64.b64decode(question), -15)).attrib["ID"]  # noqa: S314


def answer(
    question: str,
    email: str,
    *,
    audience: str = f"{DESK}/metadata/",
    signer: str = SIGNER,
    valid: tuple[timedelta, timedelta] = (timedelta(minutes=-1), timedelta(minutes=5)),
    said_after: tuple[str, str] | None = None,
) -> str:
    """Return a signed answer; `said_after` replaces something in it once it has been signed."""
    now = clock.now()
    begins, ends = (f"{now + by:%Y-%m-%dT%H:%M:%SZ}" for by in valid)
    assertion = f"""<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0"
 IssueInstant="{begins}"><saml:Issuer>{ENTITY}</saml:Issuer><saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">4711</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 NotOnOrAfter="{ends}" Recipient="{DESK}/acs/" InResponseTo="{question}"/></saml:SubjectConfirmation>
</saml:Subject>
<saml:Conditions NotBefore="{begins}" NotOnOrAfter="{ends}"><saml:AudienceRestriction>
<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{begins}" SessionIndex="s1"><saml:AuthnContext>
<saml:AuthnContextClassRef>{PASSWORD}</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>{email}</saml:AttributeValue>
</saml:Attribute></saml:AttributeStatement></saml:Assertion>"""
    key, certificate = key_and_certificate(signer)
    signed = OneLogin_Saml2_Utils.add_sign(assertion, key, certificate).decode()
    if said_after is not None:
        assert said_after[0] in signed
        signed = signed.replace(*said_after)
    response = f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0"
 IssueInstant="{begins}" Destination="{DESK}/acs/" InResponseTo="{question}"><saml:Issuer
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{ENTITY}</saml:Issuer><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{signed}</samlp:Response>"""
    return base64.b64encode(response.encode()).decode()
