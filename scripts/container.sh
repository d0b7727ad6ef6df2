#!/usr/bin/env bash
# Builds the image where there is neither a registry nor Docker: on bases made of Debian packages, with buildah. As root.
#   scripts/container.sh [TAG]         builds and prints the image's id
#   LR_CONTAINER_STORE                 where bases and images are kept; a folder below the one for temporary files when left out
#   LR_CONTAINER_NODE                  24 or 22, the line of Node in it; the Containerfile's own when left out
#   LR_CONTAINER_FORMAT                docker (with HEALTHCHECK) or oci
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:-localhost/live-response-bot:local}
store=${LR_CONTAINER_STORE:-${TMPDIR:-/tmp}/live-response-bot-containers}
export BUILDAH_ISOLATION=chroot

for program in buildah mmdebstrap npm; do
  command -v "$program" > /dev/null || { echo "$program is not installed: apt-get install --no-install-recommends buildah mmdebstrap" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo 'This needs root: the bases are made with their files owned by root.' >&2; exit 1; }
mkdir -p "$store"
# A folder that somebody else made could hold bases of theirs, which would be run as root.
{ [ ! -L "$store" ] && [ -O "$store" ]; } || { echo "$store is not a folder of root: remove it, or name another one in LR_CONTAINER_STORE." >&2; exit 1; }
chmod 700 "$store"
storage=(--root "$store/storage" --runroot "$store/run" --storage-driver vfs)
scratch=$(mktemp -d "$store/scratch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Debian's files as they are unpacked, without running a package's scripts; for the run base neither a shell nor a package manager.
unpacked() { mmdebstrap --quiet --variant=extract --include="$1" bookworm "$scratch/$2" && rm -rf "$scratch/$2/var/cache/apt/archives" "$scratch/$2/var/lib/apt/lists"; }
# What the package's own script would do: one file of all certificates that Mozilla trusts.
trust() { mkdir -p "$1/etc/ssl/certs" && cat "$1"/usr/share/ca-certificates/mozilla/*.crt > "$1/etc/ssl/certs/ca-certificates.crt"; }
image() {
  printf 'FROM scratch\nCOPY . /\n%s\n' "$3" > "$scratch/$1.file"
  buildah bud "${storage[@]}" --quiet --file "$scratch/$1.file" --tag "$2" "$scratch/$1" > /dev/null
  rm -rf "${scratch:?}/$1"
}

if ! buildah inspect "${storage[@]}" --type image localhost/lr-run-base > /dev/null 2>&1; then
  unpacked libc6,libstdc++6,libgcc-s1,ca-certificates,tzdata,netbase,base-files run
  trust "$scratch/run"
  image run localhost/lr-run-base ''
fi
if ! buildah inspect "${storage[@]}" --type image localhost/lr-build-base > /dev/null 2>&1; then
  # Stands in for the public image of Node: a shell, the tools of the build steps, and this machine's Node and npm.
  unpacked libc6,libstdc++6,libgcc-s1,ca-certificates,base-files,dash,coreutils,findutils,sed,grep build
  trust "$scratch/build"
  mkdir -p "$scratch/build/usr/local/bin" "$scratch/build/usr/local/lib/node_modules" "$scratch/build/tmp" "$scratch/build/root"
  cp "$(node -p process.execPath)" "$scratch/build/usr/local/bin/node"
  cp -a "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$scratch/build/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$scratch/build/usr/local/bin/npm"
  image build localhost/lr-build-base 'ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'
fi

# The machine's own certificates and npm settings serve the build, and get into no layer.
mounts=(--volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro)
[ -f "${HOME:-/root}/.npmrc" ] && mounts+=(--volume "${HOME:-/root}/.npmrc:/root/.npmrc:ro")
cache=$(npm config get cache)
[ -d "$cache" ] && mounts+=(--volume "$cache:/root/.npm")
buildah bud "${storage[@]}" --quiet --format "${LR_CONTAINER_FORMAT:-docker}" "${mounts[@]}" \
  --build-arg BUILD_BASE=localhost/lr-build-base --build-arg RUN_BASE=localhost/lr-run-base \
  ${LR_CONTAINER_NODE:+--build-arg NODE_MAJOR="$LR_CONTAINER_NODE"} \
  --build-arg REVISION="$(git rev-parse HEAD 2> /dev/null || echo unknown)" \
  --file Containerfile --tag "$tag" .
