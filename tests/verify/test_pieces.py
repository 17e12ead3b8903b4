"""The files of a split list are proved together, and what is wrong is told of the one it is in."""

from collections.abc import Mapping, Sequence

import pytest

from blockc.addresses import V4, V6, AddrMap, AddrSet
from blockc.addresses.piece_map import PieceMap
from blockc.errors import Unproved
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.data.plain import PLAIN
from blockc.targets.syntax.line_grammar import Lines
from blockc.targets.syntax.reading import Ordered, Orders
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.verify.proof import Proof, prove_pieces
from tests.targets.artifacts import TEMPLATES, draft, nested, prefixes

WANTED: Mapping[str, AddrSet] = {
    "FR": prefixes("10.0.0.0/8", "12.0.0.0/8", "2001:db8::/32"),
    "IT": prefixes("11.0.0.0/8"),
}
TEXTS = {"FR": "10.0.0.0/8\n12.0.0.0/8\n2001:db8::/32\n", "IT": "11.0.0.0/8\n", "ZZ": ""}
PIECES = PieceMap.of(
    AddrMap.of_set(WANTED["FR"] | WANTED["IT"]),
    AddrMap.layered(WANTED, default="ZZ"),
    tuple(TEXTS),
)
NOTHING: Sequence[Orders] = [{}, {}, {}]


def proofs(texts: Mapping[str, str], orders: Sequence[Orders] = NOTHING) -> list[Proof]:
    """Return the proofs of the plain files of all pieces."""
    files = [[ArtifactFile(f"{code}.txt", text.encode())] for code, text in texts.items()]
    return prove_pieces(PLAIN, files, PIECES, [f"far-{code}" for code in texts], orders)


def test_each_piece_has_its_own_entries_and_the_slots_of_all() -> None:
    slots = 5 + 3  # around and between 10/8, 11/8 and 12/8, and around 2001:db8::/32
    assert proofs(TEXTS) == [
        Proof({V4: 2, V6: 1}, slots, 2 * slots),
        Proof({V4: 1, V6: 0}, slots, 2 * slots),
        Proof({V4: 0, V6: 0}, slots, 2 * slots),
    ]


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        ("FR", "10.0.0.0/8\n2001:db8::/32\n", "12.0.0.0/8 is allowed, the policy blocks it"),
        ("IT", "11.0.0.0/8\n13.0.0.0/8\n", "13.0.0.0/8 is blocked, the policy allows it"),
        ("IT", "10.0.0.0/7\n", "10.0.0.0/8 is blocked, the policy allows it"),
        ("ZZ", "12.0.0.0/8\n", "12.0.0.0/8 is blocked, the policy allows it"),
        ("ZZ", "nonsense\n", "cannot be read back: 'nonsense'"),
    ],
)
def test_what_is_wrong_is_told_with_the_file_and_the_name_of_its_piece(
    code: str, text: str, said: str
) -> None:
    with pytest.raises(Unproved) as found:
        proofs({**TEXTS, code: text})
    assert found.value.message.startswith(f"target plain, list far-{code}: {said}")
    assert found.value.at
    assert found.value.at.path == f"{code}.txt"
    assert found.value.files == {f"{code}.txt": text.encode()}


def test_each_piece_must_say_what_was_ordered_of_it() -> None:
    orders: Sequence[Orders] = [{}, {"IT.txt": [Ordered("table", "t")]}, {}]
    with pytest.raises(Unproved, match="list far-IT: the table 't' is ordered and missing"):
        proofs(TEXTS, orders)


def test_every_piece_has_files_a_name_and_orders() -> None:
    with pytest.raises(ValueError, match="shorter"):
        proofs(TEXTS, NOTHING[1:])
    with pytest.raises(ValueError, match="longer"):
        proofs({"FR": TEXTS["FR"]}, NOTHING[:1])


def test_a_verdict_that_no_piece_has_is_a_difference() -> None:
    kind, names = ContentKind.VERDICTS, ("", "block", "monitor")
    wrong = draft(NGINX_GEO, nested(("10.0.0.0/8", 2)), kind=kind, names=names)
    files = render(NGINX_GEO, wrong, "FR.conf", TEMPLATES)
    listed = AddrMap.of_set(prefixes("10.0.0.0/8"))
    pieces = PieceMap.of(listed, AddrMap.layered({}, default="FR"), ("FR",))
    with pytest.raises(Unproved, match=r"10\.0\.0\.0/8 is given 'monitor', the policy blocks it"):
        prove_pieces(NGINX_GEO, [files], pieces, ["far"], [{}])


def test_the_addresses_of_all_lists_are_decoded_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    found = proofs(TEXTS)
    monkeypatch.setattr(Lines, "rules", None)  # what decodes those of one list
    assert proofs(TEXTS) == found
