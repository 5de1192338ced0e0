"""Signing in to a DHIS2 by OAuth2, both generations: consent, password, renewal, and what is refused (R2.1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import bcrypt
import msgspec
import pytest

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, CgrError, NeedsPerson, NotAllowed
from cgr.dhis2.auth import Bearer, Tokens
from cgr.dhis2.client import Dhis2
from cgr.sandbox.faults import Fault
from cgr.sandbox.routes import oauth_discovery
from cgr.sandbox.routes.oauth_clients import Clients
from cgr.sandbox.routes.oauth_legacy import LegacyGrants
from cgr.sandbox.routes.oauth_server import Authorizations
from cgr.systems import authorization, queries, registering, tokens
from cgr.systems.actions import save_system
from cgr.systems.authorization import Answer, begin_authorization, complete_authorization, read_answer
from cgr.systems.connection import check, open_client
from cgr.systems.models import SystemTokens
from cgr.systems.sealing import unseal
from cgr.systems.signing_in import SignIn

from .oauth_stage import LEGACY, NEWER, OPERATOR, Stage, fields_of, make_due

if TYPE_CHECKING:
    from collections.abc import Callable


def hmis():
    return queries.system(OPERATOR, "hmis")


def kept_tokens() -> dict[str, object]:
    tokens: dict[str, object] = json.loads(unseal(bytes(SystemTokens.objects.get().sealed)))
    return tokens


def refused(code: str, ask: Callable[[], object]) -> CgrError:
    with pytest.raises(CgrError) as caught:
        ask()
    assert caught.value.code == code, caught.value.message
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize("version", [*LEGACY, *NEWER])
def test_a_person_consents_and_the_registry_is_signed_in(stage_of: Callable[[str], Stage], version: str) -> None:
    stage = stage_of(version)
    stage.register()

    assert stage.connect() == "admin"

    assert check(OPERATOR, hmis()).user == "admin"
    entry = next(entry for entry in entries(kind="system") if entry.action == "authorize")
    assert entry.after == {"signed_in_as": "admin"}


@pytest.mark.parametrize("version", LEGACY)
def test_a_password_gives_tokens_where_an_administrator_insists(stage_of: Callable[[str], Stage], version: str) -> None:
    stage = stage_of(version)
    stage.register(grant="password", username="admin", password="district")

    assert check(OPERATOR, hmis()).user == "admin"

    assert SystemTokens.objects.get().username == "admin"


def test_from_2_42_on_no_password_gives_tokens(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.42")
    stage.save(SignIn("oauth2", "admin", "s3cret", client_id="registry", grant="password", password="district"))

    refused("oauth-grant-refused", lambda: check(OPERATOR, hmis()))
    refused("bad-client", lambda: registering.client_registration(OPERATOR, "hmis"))


@pytest.mark.parametrize("version", ["2.35.0", "2.35.1"])
def test_two_versions_are_refused_with_the_reason_and_basic_stays(
    stage_of: Callable[[str], Stage], version: str
) -> None:
    stage = stage_of(version)
    stage.register(grant="password", username="admin", password="district")

    error = refused("oauth-version", lambda: check(OPERATOR, hmis()))
    assert "consent" in error.message
    assert not SystemTokens.objects.exists()

    stage.save(SignIn("basic", "admin", "district"))
    assert check(OPERATOR, hmis()).version.startswith(version)
    refused(
        "oauth-version",
        lambda: stage.save(SignIn("oauth2", client_id="registry", grant="code", secret="x" * 36)),
    )
    assert hmis().auth_kind == "basic"


def test_the_newer_server_is_asked_with_pkce_state_and_nonce(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.43")
    stage.register()

    url, pending = begin_authorization(OPERATOR, "hmis")

    asked = fields_of(url)
    assert urlsplit(url).path == "/oauth2/authorize"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid username"
    assert (asked["state"], asked["nonce"]) == (pending.state, pending.nonce)
    assert pending.verifier not in url
    assert len(pending.verifier) >= 43
    other, _ = begin_authorization(OPERATOR, "hmis")
    assert fields_of(other)["state"] != asked["state"]
    assert fields_of(other)["code_challenge"] != asked["code_challenge"]


@pytest.mark.parametrize("version", ["2.36", "2.42"])
def test_an_answer_counts_only_for_the_sign_in_that_was_begun(stage_of: Callable[[str], Stage], version: str) -> None:
    stage = stage_of(version)
    stage.register()
    url, pending = begin_authorization(OPERATOR, "hmis")
    answer = read_answer(stage.consent(url))
    somebody = Actor("xi", 7, is_system_administrator=True)
    old = msgspec.structs.replace(pending, until=0)
    wrong = [
        (OPERATOR, pending, Answer(answer.code, "another-state")),
        (OPERATOR, pending, Answer(answer.code, "")),
        (OPERATOR, old, answer),
        (somebody, pending, answer),
        (OPERATOR, msgspec.structs.replace(pending, purpose=authorization.Purpose.SIGN_IN), answer),
    ]

    for actor, kept, given in wrong:
        refused("oauth-state", lambda actor=actor, kept=kept, given=given: complete_authorization(actor, kept, given))
    assert not SystemTokens.objects.exists()

    assert complete_authorization(OPERATOR, pending, answer) == "admin"
    refused("oauth-code-refused", lambda: complete_authorization(OPERATOR, pending, answer))


def test_what_is_kept_until_then_says_nothing_and_opens_only_here() -> None:
    refused("oauth-state", lambda: authorization.open_pending(""))
    refused("oauth-state", lambda: authorization.open_pending("bm90IG91cnM="))


@pytest.mark.parametrize("version", ["2.31", "2.36", "2.42"])
def test_a_refusal_of_consent_is_told(stage_of: Callable[[str], Stage], version: str) -> None:
    stage = stage_of(version)
    stage.register()
    url, pending = begin_authorization(OPERATOR, "hmis")

    answer = read_answer(stage.consent(url, refuse=True))

    error = refused("oauth-not-completed", lambda: complete_authorization(OPERATOR, pending, answer))
    assert "refused" in error.message


@pytest.mark.parametrize(("version", "status"), [("2.31", 401), ("2.36", 401), ("2.38", 401), ("2.42", 401)])
def test_a_wrong_client_secret_is_told_and_never_shown(
    stage_of: Callable[[str], Stage], version: str, status: int
) -> None:
    stage = stage_of(version)
    stage.register()
    if version == "2.42":
        stage.connect()  # the sandbox takes the first secret it sees for the right one
    stage.save(SignIn("oauth2", client_id="registry", grant="code", secret="Wrong-Secret-0123456789"))
    url, pending = begin_authorization(OPERATOR, "hmis")
    answer = read_answer(stage.consent(url))

    error = refused("oauth-client-refused", lambda: complete_authorization(OPERATOR, pending, answer))

    assert str(status) in error.message
    assert "Wrong-Secret" not in f"{error.message} {error.next_step}"


def test_a_secret_that_was_hashed_too_weakly_there_is_told(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.42")
    stage.save(SignIn("oauth2", client_id="registry", grant="code", secret="s3cret"))
    body = registering.client_registration(OPERATOR, "hmis").body
    weak = bcrypt.hashpw(b"s3cret", bcrypt.gensalt(5)).decode()
    stage.post("/api/oAuth2Clients", {**body, "clientSecret": weak})

    error = refused("oauth-client-refused", stage.connect)
    assert "strength 10" in error.next_step


def test_the_registration_of_2_42_carries_a_hash_of_a_secret_that_nobody_sees(
    stage_of: Callable[[str], Stage],
) -> None:
    stage = stage_of("2.42")
    stage.save(SignIn("oauth2", client_id="registry", grant="code"))
    refused("client-secret-missing", lambda: begin_authorization(OPERATOR, "hmis"))

    body = registering.client_registration(OPERATOR, "hmis").body

    secret = unseal(bytes(hmis().sealed_secret))
    hashed = str(body["clientSecret"])
    assert hashed.startswith("$2b$10$")
    assert bcrypt.checkpw(secret.encode(), hashed.encode())
    assert secret not in repr(body)
    assert body["redirectUris"] == "http://127.0.0.1:8000/oauth/callback/"
    assert set(json.loads(str(body["tokenSettings"]))) >= {"settings.token.access-token-time-to-live"}
    registering.client_registration(OPERATOR, "hmis")
    assert unseal(bytes(hmis().sealed_secret)) == secret


@pytest.mark.parametrize("rotating", [True, False])
def test_a_token_is_renewed_before_it_runs_out(stage_of: Callable[[str], Stage], *, rotating: bool) -> None:
    stage = stage_of("2.42")
    stage.register()
    if rotating:
        for client in stage.server.world.state(Clients).by_id.values():
            client["tokenSettings"] = client["tokenSettings"].replace('refresh-tokens":true', 'refresh-tokens":false')
    stage.connect()
    first = kept_tokens()
    make_due()

    with open_client(hmis()) as client:
        client.me()
        second = kept_tokens()
        client.me()

    assert second["access"] != first["access"]
    assert (second["refresh"] != first["refresh"]) is rotating
    assert kept_tokens() == second


def test_a_token_that_dhis2_refuses_is_renewed_once_and_the_request_sent_again(
    stage_of: Callable[[str], Stage],
) -> None:
    stage = stage_of("2.40")
    stage.register()
    stage.connect()
    first = kept_tokens()
    stage.server.world.state(LegacyGrants).grants[0].access = "revoked"

    with open_client(hmis()) as client:
        assert client.me().username == "admin"
    assert kept_tokens()["access"] != first["access"]

    always = stage.server.world.faults.add(Fault("refuse-auth", path="/api/me", times=0))
    with open_client(hmis()) as client:
        refused("sign-in-again", client.me)
    assert always.done == 2


@pytest.mark.parametrize("version", ["2.31", "2.40", "2.42"])
def test_when_nothing_renews_it_a_person_has_to_sign_in_again(stage_of: Callable[[str], Stage], version: str) -> None:
    stage = stage_of(version)
    stage.register()
    stage.connect()
    token = str(kept_tokens()["refresh"])
    make_due()
    forget_refresh_tokens(stage)

    with open_client(hmis()) as client:
        error = refused("sign-in-again", client.me)

    assert isinstance(error, NeedsPerson)
    assert token not in error.message
    stage.connect()
    assert check(OPERATOR, hmis()).user == "admin"


def test_the_password_grant_signs_in_again_by_itself(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.36")
    stage.register(grant="password", username="admin", password="district")
    check(OPERATOR, hmis())
    make_due()
    forget_refresh_tokens(stage)

    assert check(OPERATOR, hmis()).user == "admin"


def test_of_two_that_renew_one_takes_what_the_other_got(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.42")
    stage.register()
    stage.connect()
    make_due()
    with open_client(hmis()) as one, open_client(hmis()) as two:
        one.me()
        got = kept_tokens()
        two.me()
    assert kept_tokens() == got


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://localhost:1/dhis"},
        {"sign_in": SignIn("oauth2", client_id="other", grant="code", secret="x" * 36)},
        {"sign_in": SignIn("basic", "admin", "district")},
    ],
)
def test_the_tokens_of_another_host_client_or_kind_are_dropped(
    stage_of: Callable[[str], Stage], change: dict[str, object]
) -> None:
    stage = stage_of("2.42")
    stage.register()
    stage.connect()
    before = hmis()
    same = SignIn("oauth2", client_id="registry", grant="code", secret="x" * 36)

    stage.save(**{"sign_in": same, **change})  # type: ignore[arg-type]

    assert not SystemTokens.objects.exists()
    make_due()
    with open_client_of_old(before) as client:
        refused("sign-in-again", client.me)


def test_another_address_wants_the_client_secret_again_and_stops_what_was_begun(
    stage_of: Callable[[str], Stage],
) -> None:
    stage = stage_of("2.42")
    stage.register()
    url, pending = begin_authorization(OPERATOR, "hmis")
    answer = read_answer(stage.consent(url))
    moved = "http://localhost:1"

    refused(
        "secret-needed-again",
        lambda: stage.save(SignIn("oauth2", client_id="registry", grant="code"), url=moved),
    )
    stage.save(SignIn("oauth2", client_id="registry", grant="code", secret="x" * 36), url=moved)

    refused("oauth-state", lambda: complete_authorization(OPERATOR, pending, answer))
    assert hmis().version == ""


@pytest.mark.parametrize(
    "document",
    [
        {"token_endpoint": "https://evil.example.org/oauth2/token"},
        {"token_endpoint": "http://127.0.0.1:1/oauth2/token"},
        {"authorization_endpoint": "http://evil.example.org/oauth2/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "https://127.0.0.1/oauth2/jwks"},
        {"issuer": "https://evil.example.org/"},
        {"token_endpoint": "//evil.example.org/oauth2/token"},
    ],
)
def test_a_discovery_document_that_leads_elsewhere_is_refused(
    stage_of: Callable[[str], Stage], document: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stage_of("2.42")
    stage.register()
    server = oauth_discovery._server  # noqa: SLF001 - what a hostile server would say
    monkeypatch.setattr(oauth_discovery, "_server", lambda *given: {**server(*given), **document})

    error = refused("oauth-elsewhere", lambda: begin_authorization(OPERATOR, "hmis"))
    assert "evil" not in error.message


def test_a_token_endpoint_that_redirects_to_another_host_gets_nothing_sent_there(
    stage_of: Callable[[str], Stage],
) -> None:
    stage, other = stage_of("2.36"), stage_of("2.36")
    stage.register()
    url, pending = begin_authorization(OPERATOR, "hmis")
    answer = read_answer(stage.consent(url))
    elsewhere = other.server.url.replace("127.0.0.1", "localhost")
    stage.server.world.faults.add(Fault("redirect", path="/uaa/oauth/token", location=f"{elsewhere}/uaa/oauth/token"))
    watched = other.server.world.faults.add(Fault("slow", times=0))

    refused("redirect-elsewhere", lambda: complete_authorization(OPERATOR, pending, answer))

    assert watched.seen == 0


def test_a_dhis2_without_an_oauth2_server_is_told_what_to_switch_on(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.42")
    stage.save(SignIn("oauth2", client_id="registry", grant="code", secret="s3cret"))
    stage.server.world.faults.add(Fault("status", path="openid-configuration", status=404, times=0))

    error = refused("oauth-not-offered", lambda: begin_authorization(OPERATOR, "hmis"))
    assert "oauth2.server.enabled" in error.next_step


def test_a_signed_statement_for_another_sign_in_is_refused(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.42")
    stage.register()
    url, pending = begin_authorization(OPERATOR, "hmis")
    answer = read_answer(stage.consent(url))

    another = msgspec.structs.replace(pending, nonce="of another sign-in")

    refused("id-token-invalid", lambda: complete_authorization(OPERATOR, another, answer))
    assert not SystemTokens.objects.exists()


def test_only_who_manages_the_system_signs_it_in(stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of("2.42")
    stage.register()
    maintainer = Actor("mo", 7, memberships=(Grant("MOH", "registry-maintainer"),))
    stranger = Actor("xi", 8, memberships=(Grant("NMCP", "registry-administrator"),))

    for actor in (maintainer, stranger):
        for ask in (begin_authorization, registering.client_registration):
            with pytest.raises(NotAllowed):
                ask(actor, "hmis")


@pytest.mark.usefixtures("moh")
@pytest.mark.parametrize(
    ("sign_in", "code"),
    [
        (SignIn("oauth2", grant="code"), "bad-client"),
        (SignIn("oauth2", client_id="a:b", grant="code"), "bad-client"),
        (SignIn("oauth2", client_id="a", grant="implicit"), "bad-client"),
        (SignIn("oauth2", client_id="a", grant="code", password="x"), "bad-client"),
        (SignIn("oauth2", "admin", client_id="a", grant="code"), "username-with-token"),
        (SignIn("oauth2", client_id="a", grant="password", password="x"), "username-missing"),
        (SignIn("oauth2", "admin", client_id="a", grant="password"), "secret-missing"),
        (SignIn("oauth2", "x", client_id="a", grant="password", password="x", people_sign_in=True), "bad-client"),
        (SignIn("oauth2", client_id="a", grant="code", secret="s" * 73), "bad-client"),
        (SignIn("basic", "a", "b", client_id="c"), "bad-client"),
        (SignIn("token", "", "b", people_sign_in=True), "bad-client"),
    ],
)
def test_a_sign_in_that_cannot_be_is_refused_in_words(sign_in: SignIn, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        save_system(
            OPERATOR, "hmis", organization="MOH", label={"default": "x"}, url="https://h.example.org", sign_in=sign_in
        )
    assert caught.value.code == code


def open_client_of_old(system):
    """A process that read the registration before it was changed, and has a token that runs out."""
    return Dhis2(system.url, Bearer(Tokens("old", "old", 0), renew=lambda used: tokens._renewed(system, used)))  # noqa: SLF001 - what its bearer calls


def forget_refresh_tokens(stage: Stage) -> None:
    for grant in stage.server.world.state(LegacyGrants).grants:
        grant.refresh, grant.access, grant.expires = "gone", "gone", 0
    for grant in stage.server.world.state(Authorizations).all:
        grant.refresh = "gone"
