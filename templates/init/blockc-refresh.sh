#!/bin/sh
# The nightly refresh: new data, a build, and the difference as a commit and as text.
#
#     sh blockc-refresh.sh
#
# Runs `blockc refresh`, copies what it published into published/ and commits that together with
# blockc.lock, on the branch that is checked out. Then .blockc/change.txt holds what changed, and
# .blockc/summary.md what people want to know of the night. If nothing changed, or nothing could be
# published, there is no commit and no change.txt. The exit code is blockc's: a source that was
# refused does not keep the others from being committed, and somebody must look at it.
set -eu
cd "$(dirname "$0")"

: "${BLOCKC:=blockc}" "${BLOCKC_OPTIONS:=}" "${CHANGE_LINES:=400}"

mkdir -p .blockc
rm -f .blockc/change.txt .blockc/summary.md
code=0
# Unquoted on purpose: each of them is a command with its options.
# shellcheck disable=SC2086
$BLOCKC refresh --summary .blockc/summary.md $BLOCKC_OPTIONS || code=$?
if [ ! -e dist/.generations/live ]; then exit "$code"; fi

rm -rf published
cp -RL dist/.generations/live published
git add --all -- published
if git diff --cached --quiet -- published && [ "$code" -ne 0 ]; then exit "$code"; fi
if [ -e blockc.lock ]; then git add -- blockc.lock; fi
if git diff --cached --quiet; then
    echo "nothing changed"
    exit 0
fi
{
    git diff --cached --stat=100
    echo
    git diff --cached --unified=0 -- blockc.lock published | sed -n "1,${CHANGE_LINES}p"
} > .blockc/change.txt
git commit --quiet --message "Refresh the blocklists"
cat .blockc/change.txt
exit "$code"
