#!/bin/sh
# Checks one fact of a proof bundle as one would by hand, with OpenSSL and coreutils: that the document is the one that
# was committed to, that the commitment is a leaf of the tree (RFC 9162, 2.1.3.2), and that the log signed the tree.
#
#     verify_by_hand.sh DIR       with the files document.jcs salt.bin path.bin index checkpoint.txt signature.bin key.bin
#
# Prints "verified" and exits 0, or prints what does not hold and exits 1.
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuse() { echo "refused: $*"; exit 1; }
hash() { openssl dgst -sha256 -binary; }

[ "$(wc -c <salt.bin)" -eq 32 ] || refuse 'the salt has not 32 bytes'
{ printf 'awizo/record/v1\000'; cat salt.bin document.jcs; } | hash >"$work/commitment"
{ printf '\000awizo-leaf/v1\n'; cat "$work/commitment"; } | hash >"$work/node"

[ "$(wc -l <checkpoint.txt)" -eq 3 ] || refuse 'the checkpoint has not three lines'
size=$(head -n 2 checkpoint.txt | tail -n 1)
root=$(tail -n 1 checkpoint.txt)
position=$(cat index)
last=$((size - 1))
[ "$position" -le "$last" ] || refuse 'the index is not below the size'

split -b 32 -a 3 path.bin "$work/sibling."
for sibling in "$work"/sibling.*; do
    [ -e "$sibling" ] || break # the tree has one leaf, the path none
    [ "$last" -gt 0 ] || refuse 'the path is too long'
    if [ $((position % 2)) -eq 1 ] || [ "$position" -eq "$last" ]; then
        { printf '\001'; cat "$sibling" "$work/node"; } | hash >"$work/parent"
        while [ $((position % 2)) -eq 0 ] && [ "$position" -gt 0 ]; do
            position=$((position / 2)) last=$((last / 2))
        done
    else
        { printf '\001'; cat "$work/node" "$sibling"; } | hash >"$work/parent"
    fi
    mv "$work/parent" "$work/node"
    position=$((position / 2)) last=$((last / 2))
done
[ "$last" -eq 0 ] || refuse 'the path is too short'
[ "$(base64 <"$work/node")" = "$root" ] || refuse 'the path does not lead to the root'

# RFC 8410: what stands before the 32 bytes of an Ed25519 key
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cat key.bin; } >"$work/key.der"
openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in checkpoint.txt -sigfile signature.bin \
    >"$work/said" 2>&1 || refuse 'the signature does not hold'
echo verified
