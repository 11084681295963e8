#!/bin/sh
# Checks a court pack offline, with nothing but sh, OpenSSL 3.0 or newer, coreutils and sed:
#
#     sh verify.sh [VKEY-FILE]        in the directory into which the pack was unpacked
#
# VKEY-FILE holds the log's keys, one a line, and must have come to you by another way than this pack.
# Exit 0: verified under a key you gave. 1: refused. 2: wrong use, missing tool or unreadable file.
# 3: sound, but only under the key that lies in the pack itself. README.txt says what is not checked here.
set -u
export LC_ALL=C

say() { printf '%-5s %-13s %s\n' "$1" "$2" "$3" | tr -cd '\n -~'; }
refuse() { say NO "$1" "$2"; echo 'REFUSED. / ODRZUCONO.'; exit 1; }
unusable() { printf '%s\n' "$1" >&2; exit 2; }
sha256() { openssl dgst -sha256 -binary; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
bytes() { echo $(($(wc -c <"$1"))); }
same() { sum=$(sha256sum) && [ ${#sum} -ge 64 ] && [ "$sum" = "$(sha256sum <"$1")" ]; } # the input and a file
is_decimal() { case $1 in 0) ;; '' | 0* | *[!0-9]* | ???????????????????*) return 1 ;; esac } # below 10^18
is_shard() { case $1 in '' | [!a-z0-9]* | *[!a-z0-9._-]*) return 1 ;; esac }
has_word() { case " $1 " in *" $2 "*) ;; *) return 1 ;; esac }
need() { # FILE...
    for file in "$@"; do
        { [ -f "$file" ] && [ ! -L "$file" ]; } || refuse files "$file is missing, or is no plain file."
        [ -r "$file" ] || unusable "$file cannot be read."
    done
}
holds() { # DIRECTORY NUMBER: so many entries, hidden ones included
    [ $(($(ls -A "$1" 2>/dev/null | wc -l))) -eq "$2" ] ||
        refuse files "$1 holds something that does not belong there, or too little."
}

load_keys() { # FILE: its keys, one a line, to $tmp/keys; false unless each is name+hash+base64(01, Ed25519 key)
    { cat "$1" && echo; } | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' >"$tmp/keys"
    [ -s "$tmp/keys" ] || return 1
    while IFS= read -r line; do
        split_key "$line"
        case $name$key in *[[:cntrl:][:space:]]*) return 1 ;; esac
        case $key in A[!Q-Za-f]* | [!A]* | *[!A-Za-z0-9+/]*) return 1 ;; esac # 01 is A, then Q to f
        [ ${#key} -eq 44 ] || return 1
        hash=$({ printf '%s\n' "$name" && printf %s "$key" | base64 -d; } | sha256 | head -c 4 | hex)
        [ "$hash" = "$id" ] || return 1
    done <"$tmp/keys"
}
split_key() { name=${1%%+*} && key=${1#*+} && id=${key%%+*} && key=${key#*+}; }

check_note() { # FILE LINES: so many lines of text, a blank one, then signature lines, and nothing after them
    need "$1"
    rest=$(sed -e "1,$2{/./d;}" -e "$(($2 + 1)){/^\$/d;}" \
        -e "$(($2 + 2)),\${/^— [^ +]\{1,\} [A-Za-z0-9+/]\{6,\}=\{0,2\}\$/d;}" "$1" | wc -c)
    { [ $((rest)) -eq 0 ] && [ $(($(wc -l <"$1"))) -gt $(($2 + 1)) ] && [ -z "$(tail -c 1 "$1")" ]; } ||
        refuse signature "$1 is not $2 lines of text, a blank line and signature lines, and nothing after them."
}
check_signatures() { # FILE LINES NAME: $found signatures hold under keys of that name in $tmp/keys; none may be bad
    found=0
    head -n "$2" "$1" >"$tmp/text"
    sed "1,$(($2 + 1))d" "$1" >"$tmp/lines"
    while IFS= read -r line; do
        split_key "$line"
        [ "$name" = "$3" ] || continue
        { printf '\060\052\060\005\006\003\053\145\160\003\041\000' && # a public key in DER, of Ed25519
            printf %s "$key" | base64 -d | tail -c 32; } >"$tmp/der"
        while IFS=' ' read -r _ signer encoded; do
            printf %s "$encoded" | base64 -d >"$tmp/line" 2>/dev/null
            { [ "$signer" = "$3" ] && [ "$(head -c 4 "$tmp/line" | hex)" = "$id" ]; } || continue
            tail -c +5 "$tmp/line" >"$tmp/signature"
            { [ "$(base64 <"$tmp/line" | tr -d '\n')" = "$encoded" ] &&
                openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/der" -rawin -in "$tmp/text" \
                    -sigfile "$tmp/signature" >/dev/null 2>&1; } ||
                refuse signature "$1: the signature by the key $3+$id does not hold."
            found=$((found + 1))
        done <"$tmp/lines"
    done <"$tmp/keys"
}
check_signed() { # FILE LINES NAME SHARD: signed by a key in the pack; $found counts those by keys given, if any were
    check_note "$1" "$2"
    { load_keys "checkpoint/$4.vkey" && same "checkpoint/$4.vkey" <"$tmp/keys"; } ||
        refuse signature "checkpoint/$4.vkey has a line that is no key of a log."
    check_signatures "$1" "$2" "$3"
    [ "$found" -gt 0 ] || refuse signature "$1 is signed by none of the keys in checkpoint/$4.vkey."
    [ -n "$given" ] || return 0
    cp "$given" "$tmp/keys" || unusable 'The temporary directory cannot be written.'
    check_signatures "$1" "$2" "$3"
}
read_checkpoint() { # SHARD
    { IFS= read -r origin && IFS= read -r size && IFS= read -r root; } <"checkpoint/$1.note"
}
check_checkpoint() { # SHARD
    is_shard "$1" || refuse files "A file in the directory checkpoint is not named after a shard."
    need "checkpoint/$1.note" "checkpoint/$1.vkey"
    check_note "checkpoint/$1.note" 3
    read_checkpoint "$1"
    case $origin in */"$1") ;; *) refuse signature "checkpoint/$1.note is of another log than its name says." ;; esac
    is_decimal "$size" || refuse signature "checkpoint/$1.note does not say its size in plain digits."
    check_signed "checkpoint/$1.note" 3 "$origin" "$1"
    [ "$found" -gt 0 ] || refuse signature "checkpoint/$1.note is signed by none of the keys you gave."
    say ok signature "The log $origin signed a checkpoint of $size entries."
}

check_fact() { # DIRECTORY: the document, its place in the log, the open fields
    need "$1/document.jcs" "$1/salt.bin" "$1/shard" "$1/index" "$1/path.bin" "$1/proof.tlog-proof"
    if [ -d "$1/fields" ]; then holds "$1" 7; else holds "$1" 6; fi
    read_document "$1"
    shard=$(cat "$1/shard") && index=$(cat "$1/index")
    { is_shard "$shard" && printf '%s\n' "$shard" | same "$1/shard" && [ -f "checkpoint/$shard.note" ]; } ||
        refuse inclusion "$1/shard names no checkpoint of the pack."
    { is_decimal "$index" && printf '%s\n' "$index" | same "$1/index"; } ||
        refuse inclusion "$1/index is not one number in plain digits."
    read_checkpoint "$shard"
    [ "$(bytes "$1/salt.bin")" -eq 32 ] || refuse inclusion "$1/salt.bin does not have 32 bytes."
    { printf 'awizo/record/v1\000' && cat "$1/salt.bin" "$1/document.jcs"; } | sha256 >"$tmp/commitment"
    { printf '\000awizo-leaf/v1\n' && cat "$tmp/commitment"; } | sha256 >"$tmp/node"
    leaf=$(hex <"$tmp/node")
    check_path "$1"
    check_fields "$1"
    say ok inclusion "$1  $at  $type  (entry $index of $shard; open:${open:- nothing})"
}
read_document() { # JCS sorts members and escapes quotes in strings, so that a document has this one form
    [ $(($(wc -l <"$1/document.jcs"))) -eq 0 ] || refuse documents "$1/document.jcs has an end of line."
    members=$(sed -En 's!^\{"anchor":(null|\{[^{}]*\}),"at":"([0-9TZ:.-]{24})","data":\{.*\},("etsi":"[^"\\]*",)?'\
'"id":"[0-9a-f-]{36}","n":(null|0|[1-9][0-9]*),"notification":(null|"[0-9a-f-]{36}"),"prev":(null|"[0-9a-f]{64}"),'\
'"sealed":\{(("[a-z_]+":"[A-Za-z0-9+/]{43}=",?)*)\},"type":"([a-z_.]+)","v":1\}$!\2 \4 \5 \6 \9 \7!p' "$1/document.jcs")
    [ -n "$members" ] || refuse documents "$1/document.jcs is not the canonical JSON of a fact."
    set -- $members
    at=$1 n=$2 notification=$3 prev=$4 type=$5 sealed=${6-}
}
check_path() { # DIRECTORY: from the leaf in $tmp/node to the signed root, as RFC 9162 has it in section 2.1.3.2
    hashes=$(($(bytes "$1/path.bin") / 32)) step=0 place=$index last=$((size - 1))
    [ "$index" -lt "$size" ] || refuse inclusion "$1/index is not below the size of the checkpoint."
    [ "$(bytes "$1/path.bin")" -eq $((hashes * 32)) ] || refuse inclusion "$1/path.bin is not made of whole hashes."
    printf 'c2sp.org/tlog-proof@v1\nindex %s\n' "$index" >"$tmp/proof"
    while [ "$step" -lt "$hashes" ]; do
        [ "$last" -gt 0 ] || refuse inclusion "$1/path.bin is too long."
        dd if="$1/path.bin" of="$tmp/beside" bs=32 skip="$step" count=1 2>/dev/null
        base64 <"$tmp/beside" >>"$tmp/proof"
        if [ $((place % 2)) -eq 1 ] || [ "$place" -eq "$last" ]; then
            cat "$tmp/beside" "$tmp/node" >"$tmp/pair"
            while [ $((place % 2)) -eq 0 ] && [ "$place" -gt 0 ]; do place=$((place / 2)) && last=$((last / 2)); done
        else
            cat "$tmp/node" "$tmp/beside" >"$tmp/pair"
        fi
        { printf '\001' && cat "$tmp/pair"; } | sha256 >"$tmp/node"
        place=$((place / 2)) && last=$((last / 2)) && step=$((step + 1))
    done
    [ "$last" -eq 0 ] || refuse inclusion "$1/path.bin is too short."
    [ "$(base64 <"$tmp/node")" = "$root" ] || refuse inclusion "$1 does not lead to the root that the log signed."
    { cat "$tmp/proof" && echo && cat "checkpoint/$shard.note"; } | same "$1/proof.tlog-proof" ||
        refuse inclusion "$1/proof.tlog-proof differs from the files beside it."
}
check_fields() { # DIRECTORY: each value in fields/ is what the document committed to
    open='' && opened=0
    for value in "$1"/fields/*.bin; do
        { [ -e "$value" ] || [ -L "$value" ]; } || continue
        field=${value##*/} && field=${field%.bin} && salt=${value%.bin}.salt
        case $field in '' | *[!a-z_]*) refuse openings "A file in $1/fields is not named after a field." ;; esac
        need "$value" "$salt"
        [ "$(bytes "$salt")" -eq 32 ] || refuse openings "$salt does not have 32 bytes."
        commitment=$({ printf 'awizo/field/v1\000' && printf "\\$(printf %03o ${#field})" && printf %s "$field" &&
            cat "$salt" "$value"; } | sha256 | base64)
        case ",$sealed," in
        *",\"$field\":\"$commitment\","*) open="$open $field" && opened=$((opened + 1)) ;;
        *) refuse openings "$value is not what was sealed." ;;
        esac
    done
    if [ -d "$1/fields" ]; then holds "$1/fields" $((2 * opened)); fi
}

check_chain() { # facts/: one notification's, from 0 without a gap, each naming the leaf hash of the one before
    count=0 whose='' before=null events='' consents=''
    while fact=facts/$(printf %02d "$count") && [ -d "$fact" ]; do
        check_fact "$fact"
        [ "$n" = "$count" ] || refuse chain "$fact is fact $n of its chain: a fact is missing, or they were reordered."
        [ "$prev" = "$before" ] || refuse chain "$fact names another fact as the one before it."
        [ "$notification" = "${whose:-$notification}" ] || refuse chain "$fact is another notification's."
        events="$events $(named event_facts "$fact")"
        consents="$consents $(named consent_fact "$fact")"
        whose=$notification && before=\"$leaf\" && count=$((count + 1)) && last_shard=$shard && last_leaf=$leaf
    done
    [ "$count" -gt 0 ] || refuse chain "There is no fact 00."
    holds facts "$count"
    whose=${whose#\"} && whose=${whose%\"}
    say ok chain "Notification $whose: $count facts, from 0 without a gap, each naming the one before it."
}
named() { # MEMBER DIRECTORY: the leaf hashes that a document names there
    sed -En "s/.*[{,]\"$1\":(\[[0-9a-f\",]*\]|\"[0-9a-f]{64}\").*/\1/p" "$2/document.jcs" | tr -c '0-9a-f' ' '
}
check_context() { # context/: the event and consent facts that the chain names, all of them and no others
    present='' && seen=0
    while fact=context/$(printf %02d "$seen") && [ -d "$fact" ]; do
        check_fact "$fact"
        case $type in event.*) wanted=$events ;; consent.*) wanted=$consents ;; *) wanted='' ;; esac
        { has_word "$wanted" "$leaf" && ! has_word "$present" "$leaf"; } ||
            refuse context "$fact is not what a fact of the notification names, or is there twice."
        [ "$n$notification$prev" = nullnullnull ] || refuse context "$fact stands in the chain of a notification."
        present="$present $leaf" && seen=$((seen + 1))
    done
    holds context "$seen"
    for wanted in $events $consents; do
        has_word "$present" "$wanted" || refuse context "An event or a consent that a fact names is missing in context."
    done
    say ok context "Event and consent facts: $seen, just those that the facts of the notification name."
}
check_completeness() { # the log's signed word on how many facts there are
    if [ ! -e completeness.note ] && [ ! -L completeness.note ]; then
        say note completeness "There is no statement of completeness: more facts may exist."
        return
    fi
    read_checkpoint "$last_shard"
    check_signed completeness.note 7 "$origin/statements" "$last_shard"
    issued=$(sed -n 3p completeness.note) && pending=$(sed -n 5p completeness.note)
    printf '%s\n' awizo-statement/v1 "$whose" "$issued" "$count" "$pending" "$last_leaf" "$size" | same "$tmp/text" ||
        refuse completeness "completeness.note is about something else than these facts."
    if [ "$found" -eq 0 ]; then
        say note completeness "The key that signed completeness.note was not given: more facts may exist."
    else
        say ok completeness "The log states: at $issued these $count facts were all; not yet published: $pending."
    fi
}
check_originals() { # originals/: copies for reading, each the same as a field that was checked
    copies=0
    for copy in originals/*; do
        { [ -e "$copy" ] || [ -L "$copy" ]; } || continue
        need "$copy"
        value=$(echo "${copy##*/}" | sed -En 's!^(facts|context)-([0-9]+)-([a-z_]+)\.[a-z]+$!\1/\2/fields/\3.bin!p')
        { [ -f "$value" ] && same "$value" <"$copy"; } || refuse originals "A file in originals is not what was sealed."
        copies=$((copies + 1))
    done
    holds originals "$copies"
}

[ $# -le 1 ] || unusable 'Usage: sh verify.sh [VKEY-FILE]'
for tool in base64 cat cp dd head ls mktemp mv od openssl rm sed sha256sum tail tr wc; do
    command -v "$tool" >/dev/null || unusable "$tool is needed and was not found."
done
case $(openssl version) in
'OpenSSL '[3-9].* | 'OpenSSL '[1-9][0-9].*) ;;
*) unusable 'OpenSSL 3.0 or newer is needed.' ;;
esac
{ [ -d facts ] && [ -d checkpoint ]; } || unusable 'There is no unpacked pack in this directory.'
tmp=$(mktemp -d) || unusable 'A temporary directory is needed and could not be made.'
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
given=
if [ $# -eq 1 ]; then
    { [ -f "$1" ] && [ -r "$1" ]; } || unusable 'The file with the keys cannot be read.'
    load_keys "$1" || unusable 'The file with the keys has no key in it, or a line that is no key of a log.'
    mv "$tmp/keys" "$tmp/given" && given=$tmp/given
fi

shards=0
for note in checkpoint/*.note; do
    note=${note#checkpoint/} && check_checkpoint "${note%.note}" && shards=$((shards + 1))
done
holds checkpoint $((2 * shards))
check_chain
check_context
check_completeness
check_originals
say note files "Not checked here: bundle.json, README.txt, statement.pdf, timestamps/. See README.txt."
if [ -n "$given" ]; then
    echo 'VERIFIED under a key you gave. / POTWIERDZONO kluczem, który został podany.'
    exit 0
fi
echo '!!!!! SOUND, BUT CHECKED ONLY WITH THE KEY THAT CAME IN THIS PACK. Anybody could have made such a pack.'
echo '!!!!! Get the key of the log by another way and run: sh verify.sh VKEY-FILE'
echo '!!!!! SPÓJNE, ALE SPRAWDZONE TYLKO KLUCZEM Z TEGO SAMEGO PAKIETU. Taki pakiet mógłby zrobić każdy.'
echo '!!!!! Trzeba zdobyć klucz dziennika inną drogą i uruchomić: sh verify.sh PLIK-Z-KLUCZEM'
echo '!!!!! The keys in the pack / klucze z pakietu:'
cat checkpoint/*.vkey | tr -cd '\n -~'
exit 3
