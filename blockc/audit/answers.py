"""What an audit answers: whom a policy hits, which keys, whom to tell, and what leaks.

Each answer is a table made by one question about the engine's tables. Nothing of a log stands in a
question: what a line says is a value in a column, and nothing else.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol

from blockc.audit.client_finder import MAPPED
from blockc.audit.scan_sql import SHOWN_LINES
from blockc.policy.model import Audit
from blockc.values import Value

REFUSED = "status IN (403, 451)"
_ADDRESSES = "count(DISTINCT (high, low))"


class AnswerTable(Value):
    """A table: what it is called, its columns, and its rows."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Questions(Protocol):
    """Something that answers questions in SQL."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of the answer."""


_REFUSED_REQUESTS = f"coalesce(sum(requests) FILTER (WHERE {REFUSED}), 0)"
_IMPACT_HEADS = (
    "by", "value", "requests", "addresses", "keys", "accounts", "bytes", "refused", "of_all",
)  # fmt: skip
_MEMBERS = "members JOIN lists USING (list) WHERE NOT other"
#: What zones say of their hits. An address is of one zone, so those of several zones add up.
_IMPACT_BY_ZONE = f"""
WITH sums AS (
    SELECT zone, sum(requests) AS requests, {_ADDRESSES} AS addresses, sum(bytes) AS bytes,
        {_REFUSED_REQUESTS} AS refused
    FROM hit GROUP BY zone
), used AS (
    SELECT DISTINCT zone, key, account FROM hit
), told AS (
    SELECT 'total' AS kind, 'all lists' AS value, zone FROM zones
    UNION SELECT 'list', list, zone FROM {_MEMBERS}
    UNION SELECT 'action', action, zone FROM {_MEMBERS}
    UNION SELECT 'country', coalesce(nullif(country, ''), 'ZZ'), zone FROM zones
    UNION SELECT 'network', network, zone FROM zones WHERE network <> ''
), named AS (
    SELECT kind, value, count(DISTINCT key) AS keys, count(DISTINCT account) AS accounts
    FROM told JOIN used USING (zone) GROUP BY kind, value
)
SELECT kind, value, sum(requests), sum(addresses), any_value(keys), any_value(accounts), sum(bytes),
    sum(refused)
FROM told JOIN sums USING (zone) JOIN named USING (kind, value)
GROUP BY kind, value ORDER BY 3 DESC, 2
"""
_KINDS = ("total", "list", "action", "country", "network")
_IMPACT_BY_HIT = f"""
SELECT @value, sum(requests), {_ADDRESSES}, count(DISTINCT key), count(DISTINCT account),
    sum(bytes), {_REFUSED_REQUESTS}
FROM hit GROUP BY @group ORDER BY @order
"""
#: What else the impact is told apart by: the words of each row, what makes one, and their order.
_DIMENSIONS = {
    "host": ("coalesce(host, '-')", "1", "2 DESC, 1"),
    "path": ("coalesce(path, '-')", "1", "2 DESC, 1"),
    "day": ("coalesce(day::VARCHAR, '-')", "day", "1"),
}


def impact(engine: Questions) -> AnswerTable:
    """Return who is hit, by all that tells them apart; `of_all` is a share of all traffic."""
    everything = int(engine.rows("SELECT coalesce(sum(requests), 0) FROM hits")[0][0])
    found = sorted(engine.rows(_IMPACT_BY_ZONE), key=lambda row: _KINDS.index(row[0]))
    for kind, parts in _DIMENSIONS.items():
        sql = _IMPACT_BY_HIT
        for name, part in zip(("value", "group", "order"), parts, strict=True):
            sql = sql.replace(f"@{name}", part)
        found += ((kind, *row) for row in engine.rows(sql))
    rows = (
        (kind, said, *map(int, numbers), _share(int(numbers[0]), everything))
        for kind, said, *numbers in found
    )
    return AnswerTable("impact", "Who would be hit", _IMPACT_HEADS, tuple(rows))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


_KEYS_HEADS = (
    "key", "proposal", "listed", "requests", "share", "countries", "networks", "accounts",
    "addresses", "first", "last",
)  # fmt: skip


def keys(engine: Questions, rules: Audit) -> AnswerTable:
    """Return every key used from listed space, and what the rules of the policy propose."""
    sql = f"""
    SELECT key, {_proposal(rules)}, listed, requests, round(listed / requests, 6), countries,
        networks, accounts, addresses, strftime(first, {_TIME}), strftime(last, {_TIME})
    FROM {_KEYS}
    ORDER BY listed DESC, key
    """
    return AnswerTable("keys", "Keys used from listed space", _KEYS_HEADS, _plain(engine.rows(sql)))


_TIME = "'%Y-%m-%dT%H:%M:%SZ'"
_KEYS = """(
    SELECT key,
        sum(requests) FILTER (WHERE listed)::BIGINT AS listed,
        sum(requests)::BIGINT AS requests,
        string_agg(DISTINCT nullif(country, ''), ' ' ORDER BY nullif(country, ''))
            FILTER (WHERE listed) AS countries,
        string_agg(DISTINCT nullif(network, ''), ' ' ORDER BY nullif(network, ''))
            FILTER (WHERE listed) AS networks,
        count(DISTINCT account) FILTER (WHERE listed) AS accounts,
        count(DISTINCT (high, low)) FILTER (WHERE listed) AS addresses,
        min(first) FILTER (WHERE listed) AS first,
        max(last) FILTER (WHERE listed) AS last
    FROM hits JOIN zones USING (zone)
    WHERE key IS NOT NULL
    GROUP BY key
    HAVING sum(requests) FILTER (WHERE listed) > 0
)"""


def _proposal(rules: Audit) -> str:
    """Return the SQL of the proposal, in whole numbers: no share is rounded."""
    return (
        f"CASE WHEN listed >= {rules.min_requests:d} AND {_at_least(rules.revoke)} THEN 'revoke' "
        f"WHEN listed >= {rules.min_requests:d} AND {_at_least(rules.notify)} THEN 'notify' "
        "ELSE 'watch' END"
    )


def _at_least(share: Fraction) -> str:
    return f"listed * {share.denominator:d} >= requests * {share.numerator:d}"


_NOTICES_HEADS = (
    "contact", "language", "key", "account", "list", "action", "from", "requests", "of_its_own",
    "countries", "last",
)  # fmt: skip


def notices(engine: Questions) -> AnswerTable:
    """Return whom to tell what: a row for each key, list and stage, for a mail merge.

    A key that no owner is known of has an empty contact: somebody must find out.
    """
    sql = f"""
    WITH used AS (
        SELECT key, list, sum(requests)::BIGINT AS requests,
            string_agg(DISTINCT nullif(country, ''), ' ' ORDER BY nullif(country, '')) AS countries,
            max(last) AS last
        FROM hit JOIN members USING (zone) JOIN lists USING (list)
        WHERE key IS NOT NULL AND NOT other
        GROUP BY key, list
    ), own AS (SELECT key, sum(requests) AS requests FROM hits WHERE key IS NOT NULL GROUP BY key)
    SELECT coalesce(contact, ''), coalesce(language, ''), used.key, coalesce(account, ''), list,
        action, begins, used.requests, round(used.requests / own.requests, 6), countries,
        strftime(last, {_TIME})
    FROM used JOIN own ON own.key = used.key JOIN stages USING (list)
        LEFT JOIN owners ON owners.key = used.key
    ORDER BY coalesce(contact, '') = '', 1, used.key, list, begins
    """
    return AnswerTable("notices", "Whom to tell", _NOTICES_HEADS, _plain(engine.rows(sql)))


_SURPRISES_HEADS = (
    "why", "addresses", "list", "requests", "days", "accounts", "first", "last", "exception",
)  # fmt: skip


def surprises(engine: Questions, *, whole: bool, known_days: int) -> AnswerTable:
    """Return listed traffic that looks wanted, each row with an exception to paste.

    Args:
        whole: Show addresses as they are, not the /24 or /48 around them.
        known_days: On how many days an account must have come from there to be known.
    """
    sql = f"""
    WITH seen AS (
        SELECT *, {_masked(whole=whole)} FROM hit JOIN members USING (zone)
        JOIN lists USING (list) WHERE NOT other
    ), why AS (
        SELECT 'wanted: ' || wanted AS why, * FROM seen WHERE wanted <> ''
        UNION ALL
        SELECT 'says it is ' || agent, * FROM seen WHERE agent IS NOT NULL
        UNION ALL
        SELECT 'account seen on many days', seen.* FROM seen SEMI JOIN (
            SELECT account, net_high, net_low FROM seen WHERE account IS NOT NULL
            GROUP BY ALL HAVING count(DISTINCT day) >= ?
        ) AS old USING (account, net_high, net_low)
    )
    SELECT why, net_high, net_low, list, sum(requests)::BIGINT, count(DISTINCT day),
        count(DISTINCT account), strftime(min(first), {_TIME}), strftime(max(last), {_TIME})
    FROM why GROUP BY ALL ORDER BY 5 DESC, 1, 2, 3, 4
    """
    rows = []
    for why, high, low, name, *more in engine.rows(sql, [known_days]):
        network = network_text(high, low, whole=whole)
        rows.append((why, network, name, *more, exception_text(network)))
    return AnswerTable("surprises", "Listed, and looks wanted", _SURPRISES_HEADS, _plain(rows))


def _masked(*, whole: bool) -> str:
    if whole:
        return "high AS net_high, low AS net_low"
    mapped = f"high = 0 AND low >> 32 = {MAPPED >> 32}"
    return (
        f"CASE WHEN {mapped} THEN high ELSE high & {~0xFFFF & (1 << 64) - 1}::UBIGINT END AS "
        f"net_high, CASE WHEN {mapped} THEN low & {~0xFF & (1 << 64) - 1}::UBIGINT ELSE 0 END AS "
        "net_low"
    )


def network_text(high: int, low: int, *, whole: bool) -> str:
    """Return an address in two halves, or the /24 or /48 that it is the first address of.

    >>> network_text(0, MAPPED | 0xC0000200, whole=False)
    '192.0.2.0/24'
    """
    from blockc.addresses.family import V4, V6

    is_ipv4 = high == 0 and low >> 32 == MAPPED >> 32
    text = V4.text(low & 0xFFFF_FFFF) if is_ipv4 else V6.text(high << 64 | low)
    return text if whole else f"{text}/{24 if is_ipv4 else 48}"


def exception_text(network: str) -> str:
    """Return an exception for the policy, whose owner, reason and end are to be filled in."""
    return f'{{ prefix = "{network}", owner = "", reason = "", until = YYYY-MM-DD }}'


_GAPS_HEADS = ("host", "list", "requests", "addresses", "first", "last")


def gaps(engine: Questions) -> AnswerTable:
    """Return what was answered with 2xx although a list blocked it already, by host."""
    sql = f"""
    SELECT coalesce(host, '-'), list, sum(requests)::BIGINT, {_ADDRESSES},
        strftime(min(first), {_TIME}), strftime(max(last), {_TIME})
    FROM hit JOIN members USING (zone) JOIN lists USING (list)
    WHERE NOT other AND block_era >= 0 AND era >= block_era AND status BETWEEN 200 AND 299
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
    """
    return AnswerTable(
        "gaps", "Let through after the block began", _GAPS_HEADS, _plain(engine.rows(sql))
    )


_AGAINST_HEADS = ("side", "list", "requests", "addresses", "keys", "accounts")


def against(engine: Questions, first: str, second: str) -> AnswerTable:
    """Return what two sides hit, list by list, and what only one of them does."""
    member = "SELECT zone FROM members JOIN lists USING (list) WHERE"
    listed, other = f"zone IN ({member} NOT other)", f"zone IN ({member} other)"
    sides = {
        first: listed,
        second: other,
        f"only {first}": f"{listed} AND NOT {other}",
        f"only {second}": f"{other} AND NOT {listed}",
    }
    requests = "coalesce(sum(requests), 0)::BIGINT"
    measures = f"{requests}, {_ADDRESSES}, count(DISTINCT key), count(DISTINCT account)"
    rows = []
    for name, where in sides.items():
        sql = f"SELECT {measures} FROM hits WHERE zone > 0 AND {where}"
        rows += [(name, "all", *found) for found in engine.rows(sql)]
    sql = f"""
    SELECT other, title, {measures} FROM hits JOIN members USING (zone) JOIN lists USING (list)
    GROUP BY other, title ORDER BY title, other
    """
    rows += [(second if is_other else first, *more) for is_other, *more in engine.rows(sql)]
    return AnswerTable("against", "Side by side", _AGAINST_HEADS, _plain(rows))


def totals(engine: Questions) -> tuple[int, int, int]:
    """Return the requests of all, those from listed space, and those without a time."""
    sql = """
    SELECT coalesce(sum(requests), 0)::BIGINT,
        coalesce(sum(requests) FILTER (WHERE listed), 0)::BIGINT,
        coalesce(sum(timeless), 0)::BIGINT
    FROM hits JOIN zones USING (zone)
    """
    ((requests, listed, timeless),) = engine.rows(sql)
    return requests, listed, timeless


def by_day(
    engine: Questions,
) -> tuple[list[tuple[str, int]], list[tuple[str, tuple[str, ...], str, int]]]:
    """Return the requests of each day; and those from listed space by day, lists and key.

    A day that is not known and a key that is not said are empty.
    """
    days = engine.rows(
        "SELECT coalesce(day::VARCHAR, ''), sum(requests)::BIGINT FROM hits GROUP BY 1"
    )
    sql = """
    SELECT coalesce(day::VARCHAR, ''), names, coalesce(key, ''), sum(requests)::BIGINT
    FROM hit JOIN (
        SELECT zone, list_sort(list(list)) AS names FROM members JOIN lists USING (list)
        WHERE NOT other GROUP BY zone
    ) USING (zone) GROUP BY ALL
    """
    hits = [(day, tuple(names), key, count) for day, names, key, count in engine.rows(sql)]
    return [(day, count) for day, count in days], hits


_UNREADABLE_HEADS = ("file", "reason", "lines", "first_lines")


def unreadable(engine: Questions, files: Sequence[str]) -> AnswerTable:
    """Return the lines that say no address, by file and reason; of each the first numbers."""
    sql = f"""
    SELECT file, reason, sum(lines)::BIGINT, list_sort(flatten(list(first_lines)))[1:{SHOWN_LINES}]
    FROM unreadable GROUP BY file, reason ORDER BY file, reason
    """
    rows = [
        (files[file], reason, count, " ".join(map(str, first)))
        for file, reason, count, first in engine.rows(sql)
    ]
    return AnswerTable("unreadable", "Lines that could not be read", _UNREADABLE_HEADS, tuple(rows))


def _plain(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """Return rows with an empty text where there is nothing."""
    return tuple(tuple("" if cell is None else cell for cell in row) for row in rows)
