#!/bin/sh
# In the Containerfile's build stage, after the build: puts what goes into the image as /app into a folder. Either way it has start.mjs, the
# one entry, and healthcheck.mjs.
#   payload.sh dist FOLDER
set -eu
mkdir "$2"
case $1 in
  dist)
    npm prune --omit=dev --ignore-scripts --no-audit
    rm -rf dist/test dist/.built
    find dist -name '*.map' -delete
    mv dist node_modules package.json LICENSE "$2/"
    cp manifest/container/start.mjs "$2/dist/start.mjs"
    ln -s dist/start.mjs "$2/start.mjs"
    ;;
  *)
    echo "There is no payload \"$1\": dist." >&2
    exit 2
    ;;
esac
cp manifest/container/healthcheck.mjs "$2/healthcheck.mjs"
