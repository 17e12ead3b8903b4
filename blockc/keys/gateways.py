"""Plans for API gateways: commands of the AWS CLI, and lists of HTTP calls for the others."""

import json
import re
from functools import partial

from blockc.errors import SourceSyntaxError
from blockc.keys.key_calls import CallForm, calls_reader
from blockc.keys.key_table import RESTORE, REVOKE
from blockc.keys.key_target import (
    ANY_NAME,
    KeyReading,
    KeyTarget,
    NamePart,
    OptionValues,
    ReadKey,
    found_at,
)
from blockc.targets.core.facts import Deployment, Reference
from blockc.targets.core.target_options import Option
from blockc.targets.syntax.json_tree import json_object
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_DAY = "2026-11-27"
_HOST = r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?"
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SEGMENT = r"(?!\.\.?$)"  # a client drops the steps . and .. of a path

_SHELL_HEAD = re.compile(r"#!/bin/sh\n# list ([a-z][a-z0-9-]*)\nset -eu\n")
_SHELL_KEY = re.compile(
    r"aws apigateway update-api-key --api-key ([A-Za-z0-9]+) "
    r"--patch-operations op=replace,path=/enabled,value=(true|false)\n"
)


def read_aws_keys(text: Text, _: OptionValues) -> KeyReading:
    """Return the keys of a shell script that enables or disables them, a command per line."""
    head = _SHELL_HEAD.match(text.text)
    if head is None:
        raise text.error("expected a script of sh for a list, which stops at an error", 0)
    keys, at = list[ReadKey](), head.end()
    while at < len(text.text):
        line = _SHELL_KEY.match(text.text, at)
        if line is None:
            raise text.error("expected aws apigateway update-api-key for one key", at)
        error = partial(text.error, at=at, width=len(line[0]) - 1)
        keys.append(ReadKey((line[1],), RESTORE if line[2] == "true" else REVOKE, error))
        at = line.end()
    return KeyReading(tuple(keys), (found_at(text, "list", head[1], head.start(1)),))


def _kong(options: OptionValues) -> dict[str, CallForm]:
    return {REVOKE: CallForm("DELETE", f"{options['url']}/consumers/{{consumer}}/key-auth/{{id}}")}


_OCTETS = {"Content-Type": "application/octet-stream"}


def _apigee(options: OptionValues) -> dict[str, CallForm]:
    base = f"https://apigee.googleapis.com/v1/organizations/{options['organization']}"
    key = "/keys/{id}" if options["what"] == "key" else ""
    url = f"{base}/developers/{{developer}}/apps/{{app}}{key}"
    return {
        REVOKE: CallForm("POST", f"{url}?action=revoke", _OCTETS),
        RESTORE: CallForm("POST", f"{url}?action=approve", _OCTETS),
    }


def _azure(options: OptionValues) -> dict[str, CallForm]:
    url = (
        f"https://management.azure.com/subscriptions/{options['subscription']}"
        f"/resourceGroups/{options['group']}/providers/Microsoft.ApiManagement"
        f"/service/{options['service']}/subscriptions/{{id}}?api-version={options['api_version']}"
    )
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    return {
        action: CallForm("PATCH", url, headers, {"properties": {"state": state}})
        for action, state in ((REVOKE, "suspended"), (RESTORE, "active"))
    }


def _cloudflare(options: OptionValues) -> dict[str, CallForm]:
    owner = f"accounts/{options['account']}" if options["account"] else "user"
    url = f"https://api.cloudflare.com/client/v4/{owner}/tokens/{{id}}"
    headers = {"Content-Type": "application/json"}
    return {
        action: CallForm("PUT", url, headers, merge={"status": status})
        for action, status in ((REVOKE, "disabled"), (RESTORE, "active"))
    }


def _http(options: OptionValues) -> dict[str, CallForm]:
    found = {}
    for action in (REVOKE, RESTORE):
        method, url, body = (options[f"{action}_{name}"] for name in ("method", "url", "body"))
        if url:
            sent = json.loads(str(body)) if body else None
            headers = {"Content-Type": "application/json"} if body else {}
            found[action] = CallForm(str(method), str(url), headers, sent)
    return found


def _http_conflict(options: OptionValues) -> str:
    for action in (REVOKE, RESTORE):
        body = str(options[f"{action}_body"])
        try:
            json_object(Text("", body or "{}"))
        except SourceSyntaxError as reason:
            return f"{action}_body: {reason.message}"
    if not options["revoke_url"]:
        return "revoke_url is missing: the URL that revokes a key, with {id} in it"
    forms = _http(options)
    if forms.get(REVOKE) == forms.get(RESTORE):
        return "revoke and restore would be the same call"
    return ""


def _url_option(name: str, default: str, about: str) -> Option:
    return Option(
        name,
        default,
        "http:// or https://, a host, and a path, without a user, a password or a query",
        pattern=rf"{_HOST}(?:/[A-Za-z0-9._~-]+)*",
        about=about,
    )


def _http_options(action: str) -> tuple[Option, ...]:
    letters = r"[A-Za-z0-9._~:/?&=%+-]*"
    return (
        Option(
            f"{action}_method",
            "POST",
            "GET, POST, PUT, PATCH or DELETE",
            pattern="GET|POST|PUT|PATCH|DELETE",
            about=f"the method of the call to {action} a key",
        ),
        Option(
            f"{action}_url",
            "",
            "empty, or http:// or https://, a host, and a path with {id} once in it",
            pattern=rf"|{_HOST}/{letters}\{{id\}}{letters}",
            about="its URL",
        ),
        Option(
            f"{action}_body",
            "",
            "empty, or a JSON object",
            pattern=r"|\{[ -~]{0,2000}\}",
            about="its body",
        ),
    )


_RUN = """\
# bash: it ends with 1 at the first call that fails
jq -c '.calls[]' keys.json | (while read -r call; do
  curl --fail -sS -H "$CREDENTIAL" -X "$(jq -r .method <<<"$call")" \\
    -H "Content-Type: $(jq -r '.headers["Content-Type"] // "text/plain"' <<<"$call")" \\
    --data-raw "$(jq -r '.body // "" | if . == "" then . else tojson end' <<<"$call")" \\
    "$(jq -r .url <<<"$call")" || exit 1
done)"""
_PREVIOUS = "write restore into the table of decisions, and plan again"

AWS = KeyTarget(
    name="aws-api-gateway",
    title="AWS API Gateway: API keys",
    parts=(NamePart("id", "[A-Za-z0-9]{1,64}", "an id of API Gateway: letters and digits"),),
    template="aws-api-gateway.sh.j2",
    ending="sh",
    reader=read_aws_keys,
    references=(
        Reference(
            "https://docs.aws.amazon.com/cli/latest/reference/apigateway/update-api-key.html", _DAY
        ),
        Reference("https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html", _DAY),
    ),
    deployment=Deployment(load="AWS_PAGER= AWS_REGION=eu-west-1 sh keys.sh", rollback=_PREVIOUS),
    notes="The key is disabled and not deleted; `restore` enables it again.",
)

KONG = KeyTarget(
    name="kong",
    title="Kong: key-auth credentials",
    parts=(
        NamePart("consumer", _SEGMENT + "[A-Za-z0-9._~-]{1,128}", "a username or id of a consumer"),
        NamePart("id", _GUID, "the UUID of a credential, which is not the key"),
    ),
    template="kong.json.j2",
    ending="json",
    reader=calls_reader(_kong),
    restores=lambda _: False,
    placed_by=("url",),
    options=(_url_option("url", "http://localhost:8001", "the Admin API, with its workspace"),),
    references=(
        Reference(
            "https://developer.konghq.com/support/how-can-a-consumer-credential-be-deleted-with-the-admin-api/",
            _DAY,
        ),
        Reference("https://github.com/Kong/kong/issues/439", _DAY),
    ),
    deployment=Deployment(load=_RUN, rollback="give the consumer a new key"),
    notes="Kong cannot disable a credential: it is deleted, so `restore` is refused.",
)

APIGEE = KeyTarget(
    name="apigee",
    title="Apigee: developer apps, or single consumer keys",
    parts=(
        NamePart(
            "developer",
            r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,190}",
            "the mail address of a developer",
        ),
        NamePart("app", _SEGMENT + "[A-Za-z0-9._$%-]{1,255}", "the name of an app"),
        NamePart("id", _SEGMENT + "[A-Za-z0-9._~-]{1,256}", "a consumer key", is_secret=True),
    ),
    template="apigee.json.j2",
    ending="json",
    reader=calls_reader(_apigee),
    placed_by=("organization",),
    options=(
        Option(
            "organization",
            "",
            "the name of an organization: lower-case letters, digits and hyphens",
            pattern="[a-z][a-z0-9-]{0,62}",
            about="the organization of Apigee",
        ),
        Option(
            "what",
            "app",
            "app or key",
            pattern="app|key",
            about="what is revoked: an app with all its keys, or one consumer key",
        ),
    ),
    references=(
        Reference(
            "https://docs.apigee.com/reference/apis/apigee/rest/v1/organizations.developers.apps/generateKeyPairOrUpdateDeveloperAppStatus",
            _DAY,
        ),
        Reference("https://apigee.googleapis.com/$discovery/rest?version=v1", _DAY),
        Reference(
            "https://docs.cloud.google.com/apigee/docs/api-platform/security/oauth/revoking-and-approving-consumer-ids",
            _DAY,
        ),
    ),
    deployment=Deployment(load=_RUN, rollback=_PREVIOUS),
    notes="""\
The consumer key is what clients send, so it is a secret unless `key_is = "id"`, and only apps
can be named. A revoked app has no valid key, though its keys stay approved.""",
)

AZURE = KeyTarget(
    name="azure-api-management",
    title="Azure API Management: subscriptions",
    parts=(NamePart("id", _SEGMENT + r"[A-Za-z0-9._-]{1,256}", "the id (sid) of a subscription"),),
    template="azure-api-management.json.j2",
    ending="json",
    reader=calls_reader(_azure),
    placed_by=("subscription", "group", "service"),
    options=(
        Option("subscription", "", "a GUID", pattern=_GUID, about="the subscription of Azure"),
        Option(
            "group",
            "",
            "1 to 90 letters, digits, and . _ -",
            pattern=r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,88}[A-Za-z0-9_-])?",
            about="the resource group",
        ),
        Option(
            "service",
            "",
            "1 to 50 letters, digits and hyphens, a letter first",
            pattern=r"[A-Za-z](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?",
            about="the name of the service",
        ),
        Option(
            "api_version",
            "2024-05-01",
            "a date such as 2024-05-01",
            pattern="20[0-9]{2}-[01][0-9]-[0-3][0-9]",
            about="the version of the management API",
        ),
    ),
    references=(
        Reference(
            "https://learn.microsoft.com/en-us/rest/api/apimanagement/subscription/update", _DAY
        ),
    ),
    deployment=Deployment(
        load="""\
# bash: it ends with 1 at the first call that fails
jq -c '.calls[]' keys.json | (while read -r call; do
  az rest --method patch --url "$(jq -r .url <<<"$call")" --headers If-Match=* \\
    --body "$(jq -c .body <<<"$call")" || exit 1
done)""",
        rollback=_PREVIOUS,
    ),
    notes="A suspended subscription keeps its keys; both of them are refused.",
)

CLOUDFLARE = KeyTarget(
    name="cloudflare-api-tokens",
    title="Cloudflare: API tokens",
    parts=(NamePart("id", "[0-9a-f]{32}", "the id of a token: 32 hexadecimal digits"),),
    template="cloudflare-api-tokens.json.j2",
    ending="json",
    reader=calls_reader(_cloudflare),
    placed_by=("account",),
    options=(
        Option(
            "account",
            "",
            "empty, or 32 hexadecimal digits",
            pattern="|[0-9a-f]{32}",
            about="the account that owns the tokens; empty: the user does",
        ),
    ),
    references=(
        Reference(
            "https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/update/",
            _DAY,
        ),
        Reference(
            "https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/methods/update/",
            _DAY,
        ),
    ),
    deployment=Deployment(
        load="""\
# bash: it ends with 1 at the first call that fails
jq -c '.calls[]' keys.json | (while read -r call; do
  url=$(jq -r .url <<<"$call")
  token=$(curl --fail -sS -H "$CREDENTIAL" "$url") || exit 1
  jq -c --argjson call "$call" \\
    '.result | {name, policies, condition, expires_on, not_before}
      | with_entries(select(.value)) + $call.merge' <<<"$token" \\
    | curl --fail -sS -H "$CREDENTIAL" -H 'Content-Type: application/json' \\
    -X PUT "$url" --data-binary @- || exit 1
done)""",
        rollback=_PREVIOUS,
    ),
    notes="""\
PUT replaces name and policies of a token too, which a plan cannot know: read the token, merge
`merge` into it, and send it back, as above.""",
)

HTTP = KeyTarget(
    name="http",
    title="HTTP calls of a gateway of your own",
    parts=(
        replace(
            ANY_NAME,
            pattern=_SEGMENT + ANY_NAME.pattern,
            expects="1 to 256 printable ASCII characters, not . or ..",
        ),
    ),
    template="http.json.j2",
    ending="json",
    reader=calls_reader(_http),
    placed_by=("revoke_url",),
    options=(*_http_options(REVOKE), *_http_options(RESTORE)),
    restores=lambda options: bool(options["restore_url"]),
    conflict=_http_conflict,
    references=(Reference("https://www.rfc-editor.org/rfc/rfc3986#section-2.1", _DAY),),
    deployment=Deployment(load=_RUN, rollback=_PREVIOUS),
    notes="The name is percent-encoded where `{id}` stands, also a slash in it.",
)
