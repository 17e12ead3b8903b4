"""`blockc audit`: whom a policy would hit, by the access logs of the edges."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blockc.cli.console import already_done, show_json
from blockc.cli.input_options import PATH, InputCall, input_options, project
from blockc.cli.options import Settings, require_folder, verb
from blockc.cli.progress import Stages
from blockc.errors import UsageError

if TYPE_CHECKING:
    from blockc.workspace.audit.auditing import AuditCall
    from blockc.workspace.audit.cluster_session import Cluster

_MEBIBYTE = 1 << 20


class AuditWords(InputCall, kw_only=True):
    """What to audit, how logs are read, and where the answers go."""

    logs: tuple[str, ...]
    lists: str | None
    against: str | None
    log_format: str | None
    format_file: Path | None
    key: str | None
    key_is: str | None
    account: str | None
    proxies: tuple[str, ...]
    proxy_header: str | None
    owners: str | None
    timezone: str
    addresses: bool
    published: Path | None
    output: Path | None
    memory: int
    since_last: bool
    accept_gap: bool
    svg: Path | None
    summary: Path | None
    engine: str
    master: str | None
    spark: tuple[str, ...]

    def __post_init__(self) -> None:
        InputCall.__post_init__(self)
        require_folder("--svg", self.svg)
        require_folder("--summary", self.summary)
        if (self.svg or self.accept_gap) and not self.since_last:
            raise UsageError("--svg and --accept-gap go with --since-last")
        if self.summary and self.summary.suffix not in (".html", ".md"):
            hint = "name a file that ends in .html or .md"
            raise UsageError(f"--summary {self.summary}: HTML or Markdown?", hint=hint)
        if self.since_last and self.engine == "spark":
            raise UsageError("--since-last reads files of this machine, without --engine spark")

    def changes(self) -> dict[str, Any]:
        """Return what the call says in place of [audit] of the policy.

        Raises:
            UsageError: A key or a proxy is not written as one.
        """
        names = ("key", "key_is", "account", "proxies", "proxy_header", "owners")
        said = {name: getattr(self, name) for name in names if getattr(self, name)}
        if "owners" in said:
            said["owners"] = str(Path(said["owners"]).absolute())
        return said

    def call(self, settings: Settings) -> "AuditCall":
        """Return what the workspace is to do."""
        from blockc.workspace.audit.auditing import AuditCall
        from blockc.workspace.diff.operands import NOW, operand

        folder = self.published or settings.file.parent / "dist"
        if self.log_format and self.format_file:
            raise UsageError("--format and --format-file exclude each other")
        return AuditCall(
            lists=operand(self.lists or NOW, folder),
            other=operand(self.against, folder) if self.against else None,
            logs=self.logs,
            project=project(settings),
            options=self.inputs(),
            folder=folder,
            changes=self.changes(),
            format=self.log_format or "",
            format_file=self.format_file,
            timezone=self.timezone,
            addresses=self.addresses,
            memory=self.memory * _MEBIBYTE,
            parquet=self.output is not None,
            cluster=self.cluster(settings),
        )

    def cluster(self, settings: Settings) -> "Cluster | None":
        """Return the cluster that reads the logs, or None.

        Raises:
            UsageError: A setting is not one, or there is no cluster that it could be of.
        """
        if self.engine != "spark":
            if self.master or self.spark:
                raise UsageError("--master and --spark go with --engine spark")
            return None
        try:
            from blockc.workspace.audit.cluster_session import Cluster
        except ImportError:
            hint = "install them with: pip install 'blockc[spark]'"
            said = "`--engine spark` needs the packages of blockc[spark]"
            raise UsageError(said, hint=hint) from None
        pairs = [text.partition("=") for text in self.spark]
        for name, equals, _ in pairs:
            if not (equals and name.startswith("spark.")):
                raise UsageError(f"{name!r} is not a setting of Spark", hint="write spark.x.y=z")
        return Cluster(
            master=self.master or "local[*]",
            settings={name: value for name, _, value in pairs},
            verbose=settings.verbose,
        )


@click.command("audit")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@input_options
@click.option("--lists", metavar="WHAT", help="Whose lists, as for diff.  [default: now]")
@click.option("--against", metavar="OTHER", help="Also count by these lists, side by side.")
@click.option("--format", "log_format", metavar="NAME", help="Their format.  [default: found]")
@click.option("--format-file", type=PATH, help="A format of your own.")
@click.option("--key", metavar="WHERE", help="Where the API key stands.")
@click.option("--key-is", type=click.Choice(["secret", "id", "hmac"]), help="What stands there.")
@click.option("--account", metavar="WHERE", help="Where the account stands.")
@click.option("--proxy", "proxies", multiple=True, metavar="PREFIX", help="A trusted proxy.")
@click.option(
    "--proxy-header",
    type=click.Choice(["x-forwarded-for", "forwarded"]),
    help="What trusted proxies write.",
)
@click.option("--owners", metavar="FILE", help="CSV with key, account, contact, language.")
@click.option("--timezone", default="UTC", help="Of times without an offset.  [default: UTC]")
@click.option("--addresses", is_flag=True, help="Addresses whole, not as /24 and /48.")
@click.option("--published", type=PATH, help="Published folder.  [default: dist beside the policy]")
@click.option("-o", "--output", type=PATH, help="Folder for every table and the summary.")
@click.option("--summary", type=PATH, metavar="FILE", help="One page for people: .html or .md.")
@click.option("--since-last", is_flag=True, help="Only what came since the last time; the trend.")
@click.option("--accept-gap", is_flag=True, help="Go on although a log is gone, unread.")
@click.option("--svg", type=PATH, metavar="FILE", help="Draw the trend into this file.")
@click.option(
    "--memory",
    type=click.IntRange(128, 1 << 20),
    default=1024,
    metavar="MIB",
    help="Memory of the engine; more goes to disk.  [default: 1024]",
)
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    help="What reads the logs.  [default: duckdb]",
)
@click.option("--master", metavar="URL", help="Of Spark's cluster.  [default: local[*]]")
@click.option("--spark", multiple=True, metavar="NAME=VALUE", help="A setting of Spark's own.")
@verb(AuditWords, shows=("file", "store", "offline", "json", "quiet"))
def command(settings: Settings, asked: AuditWords) -> None:
    """Say whom the lists of a policy would hit, by access logs.

    Reads LOG..., which are files, patterns such as 'logs/*.gz' or - for standard input, packed by
    gzip, zstd, bzip2 or xz or not; [audit] of the policy; and the data of its lists. Writes
    nothing, or with -o one CSV and one Parquet file for each table, and summary.html, one page for
    people. Prints tables: who is hit by
    list, country, host, path and day; keys used from listed space and what to do about each; whom
    to tell; what is listed and looks wanted, with the exception to paste; and what an edge let
    through after a block began.

    With --since-last only lines are read that no earlier run with it counted, however logs were
    renamed, copied, cut to nothing or packed meanwhile. They are added to POLICY.audit.jsonl beside
    the policy, and the trend is printed: requests and keys from listed addresses, day by day. Name
    rotated logs too, such as 'access.log*': what went unread is an error.

    With --at or --as-of the lists are as on that day: what would be hit if it were today.

    With --engine spark a cluster reads them, and the answers are the same: LOG... may then be any
    paths of Spark, such as s3a://logs/2026-11-*/*.gz; each machine needs blockc[spark].

    \b
    WHERE a key or an account stands in a log:
      header:x-api-key      a header, where the format holds headers
      query:api_key         a parameter of the URL
      json:consumer.id      a value of a JSON log
      column:3              a word or column of a line, by number or name
      user                  the user of the format
    Keys are secret unless --key-is id says otherwise: only their HMAC with the
    secret in BLOCKC_AUDIT_SECRET is shown. With --key-is hmac the log holds
    that already. Every line that does not say who asked is counted and named.

    \b
    Exit codes: 2 the call, a log or the policy is wrong, 3 a source's data is
    missing, or no line of a log could be read.
    """
    from blockc.cli.views.audit.audit_tables import audit_report, show_audit, write_audit
    from blockc.workspace.audit.auditing import audit

    if asked.since_last:
        _watch(settings, asked)
        return
    found = audit(asked.call(settings), Stages(settings))
    write_audit(asked.output, asked.summary, found)
    if settings.json:
        show_json(audit_report(found))
    else:
        show_audit(settings, found)


def _watch(settings: Settings, asked: AuditWords) -> None:
    """Count what came since the last run, and show the trend."""
    from blockc.cli.views.audit.audit_tables import write_audit
    from blockc.cli.views.audit.audit_trend import show_trend, trend_report, trend_svg
    from blockc.storage.atomic import write_files
    from blockc.workspace.audit.since_last import audit_since_last

    now = datetime.now(UTC)
    call = asked.call(settings)
    found = audit_since_last(call, now, Stages(settings), accept_gap=asked.accept_gap)
    with already_done(f"what is new is counted in {found.path}"):
        write_audit(asked.output, asked.summary, found.report)
        if asked.svg:
            write_files({asked.svg: trend_svg(found, now).encode()})
        if settings.json:
            show_json(trend_report(found))
        else:
            show_trend(settings, found)
