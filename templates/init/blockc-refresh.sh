#!/bin/sh
# The nightly refresh: new data, a build, and the difference as a commit and as text.
#
#     sh blockc-refresh.sh
#
# Fetches the sources, builds, copies the artifacts into published/ and commits that together with
# blockc.lock, on the branch that is checked out. Then .blockc/change.txt holds what changed. If
# nothing did there is no commit and no such file. If a source is not fit for use, or a build fails,
# nothing is committed and the exit code is blockc's.
set -eu
cd "$(dirname "$0")"

: "${BLOCKC:=blockc}" "${BLOCKC_UPDATE:=$BLOCKC update}" "${BLOCKC_OPTIONS:=}"
: "${CHANGE_LINES:=400}"

mkdir -p .blockc
rm -f .blockc/change.txt
# Unquoted on purpose: each of them is a command with its options.
# shellcheck disable=SC2086
$BLOCKC_UPDATE
# shellcheck disable=SC2086
$BLOCKC build $BLOCKC_OPTIONS

rm -rf published
cp -RL dist/.generations/live published
git add --all -- published
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
