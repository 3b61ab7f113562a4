#!/bin/sh
# npm run package: packs chiffre, installs the package in an empty folder, and checks what people do with it there.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder"
echo '{ "type": "module" }' >"$folder/package.json"
npm install --silent --prefix "$folder" --ignore-scripts --omit=dev "$folder"/chiffre-*.tgz
node test/package/check.js "$folder" "$folder"/chiffre-*.tgz
