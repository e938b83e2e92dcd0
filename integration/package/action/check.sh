#!/bin/sh
# What the action does: checks images, and tells the job's summary of each. Settings are in variables:
#   IMAGES, ARGUMENTS  one word a line; images may be patterns, and what matches nothing is named as it stands
#   REQUIRE            for --require, or empty
#   PROGRAM            bcdrescue
#   RESULTS            the folder for results.jsonl and junit.xml
#   GITHUB_STEP_SUMMARY, GITHUB_OUTPUT  files to add to, as the runner names them
set -eu
line='
'
mkdir -p "$RESULTS"
results=$RESULTS/results.jsonl
set -f
IFS=$line
set -- check --independent --jsonl --junit "$RESULTS/junit.xml" ${REQUIRE:+"--require=$REQUIRE"} ${ARGUMENTS-} --
set +f
set -- "$@" $IMAGES
# Without a target bcdrescue would look at the runner's own disks.
[ -n "$IMAGES" ] || { echo "no images are named" >&2 && exit 16; }
code=0
"$PROGRAM" "$@" >"$results" || code=$?
cat "$results"
{
    echo '### Windows images'
    echo
    echo '| image | verdict | what is wrong |'
    echo '|---|---|---|'
    # Names come from outside: they must not become markup.
    jq -r '
        def cell: gsub("[\n\r]"; " ") | @html | gsub("(?<sign>[\\\\`*_\\[\\]|~])"; "\\\(.sign)");
        [ .target, .verdict,
          ([ .error // empty, (.stop // empty | "\(.predicted_status // "stops"): \(.message)"),
             (if .stop or .error then empty
              else first(.findings // [] | .[] | select(.severity != "note")).message end),
             (.requirements // [] | .[] | select(.met | not) | "\(.requirement): \(.reason)") ] | join("; "))
        ] | map(cell) | "| " + join(" | ") + " |"' "$results"
    echo
    echo "Exit code $code: 0 all is well, 4 something is wrong, 8 could not be examined, 16 wrong arguments."
} >>"$GITHUB_STEP_SUMMARY"
{
    echo "code=$code"
    echo "results=$results"
    echo "junit=$RESULTS/junit.xml"
} >>"$GITHUB_OUTPUT"
exit "$code"
