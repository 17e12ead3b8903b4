"""IP groups of Azure Firewall, as a template of the Resource Manager for each family."""

from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, json_entries
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    MaxEntries,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.json_shape import Entries, Says, shaped
from blockc.targets.syntax.reading import Ordered, Reading, each
from blockc.targets.syntax.tokens import Text

MOST_ENTRIES = 5_000
_NAME = r"[A-Za-z0-9][\w.-]{0,78}\w"
_LOCATION = "[parameters('location')]"


def read_template(text: Text) -> Reading:
    """Return what an IP group holds: every address of it blocks.

    Raises:
        SourceSyntaxError: If the template deploys anything else.
    """
    group = {
        "type": "Microsoft.Network/ipGroups",
        "apiVersion": "2024-03-01",
        "name": Says("Azure IP group", _NAME),
        "location": _LOCATION,
        "tags": {"blockc-list": Says("list"), "blockc-policy": Says("policy")},
        "properties": {"ipAddresses": Entries(families=text.families, most=MOST_ENTRIES)},
    }
    return shaped(
        {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/"
            "deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {
                "location": {"type": "string", "defaultValue": "[resourceGroup().location]"}
            },
            "resources": [group],
        }
    )(text)


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    (family,), made_of = file.families, document.provenance
    yield Ordered("Azure IP group", f"{document.options['name']}-{family.name}", claimed=True)
    yield Ordered("list", ("SAMPLE DATA, " if made_of.sample else "") + made_of.list)
    yield Ordered("policy", made_of.policy)


_PAGE = Reference("https://learn.microsoft.com/en-au/Azure/firewall/ip-groups", "2026-11-27")
_RESOURCE = Reference(
    "https://learn.microsoft.com/en-us/azure/templates/microsoft.network/ipgroups", "2026-11-27"
)
_LIMITS = Reference(
    "https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/"
    "azure-subscription-service-limits",
    "2026-11-23",
)

_NOTES = """\
An IP group blocks nothing by itself: a rule of an Azure Firewall policy that denies has it as its
source, and stands before rules that allow. What a rule logs it logs when it denies, so there is no
stage but `block`.

A group holds 5,000 entries, and a policy refers to 100 to 200 of them, as the versions of Azure's
page say; of a larger list each part (`when_over = "split"`) is a group of its own. Azure skips a
rule whose group is empty.

Azure documents addresses of IPv4 only. Deploy the file of IPv6 where your firewall is dual-stack
and takes it, and leave it out elsewhere.

Azure updates the firewalls that use a group, which takes minutes, and refuses a second update while
it does: deploy one file after the other."""

AZURE_IP_GROUP = Target(
    name="azure-ip-group",
    title="Azure Firewall IP groups",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.APART,
    writer="azure-ip-group.json.j2",
    ending="json",
    reader=each(read_template),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc-{list}",
            "2 to 70 letters, digits, _, - or ., a letter or digit first; the family is added",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]{1,69}",
            part="-{part}",
            about="the IP groups",
        ),
    ),
    max_entries=MaxEntries(MOST_ENTRIES, _LIMITS),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(_PAGE, _RESOURCE, _LIMITS),
    live=LiveForm(
        commands=(
            "az network ip-group show --resource-group GROUP --name NAME-ipv4",
            "az network ip-group show --resource-group GROUP --name NAME-ipv6",
        ),
        reader=json_entries("ipAddresses"),
        one_file=False,
        limits="Give each answer with a `--dump` of its own. Which rules use the groups is not "
        "shown.",
    ),
    deployment=Deployment(
        load="""\
az deployment group create --resource-group GROUP --template-file list.ipv4.json
az deployment group create --resource-group GROUP --template-file list.ipv6.json # dual-stack""",
        rollback="az deployment group create --resource-group GROUP --template-file "
        "PREVIOUS/list.ipv4.json",
    ),
)
