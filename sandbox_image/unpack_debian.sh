#!/bin/sh
# Fetches the Debian packages of debian.txt, checks them, and unpacks into a folder what the
# sandbox needs of them: unpack_debian.sh DEBIAN_TXT CA_BUNDLE FOLDER
#
# Nothing is installed, so no script of a package runs, and what is not needed, such as
# 50 MB of serif CJK fonts, stays out.
set -eu
lock=$1 certificates=$2 folder=$3
if [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo "The full image is made for amd64 only; elsewhere build the target core." >&2
    exit 1
fi
options=
if [ -s "$certificates" ]; then options="-o Acquire::https::CaInfo=$certificates"; fi
work=$(mktemp -d)
cd "$work"
# shellcheck disable=SC2086 # one word or none
apt-get $options -qq update
grep -v '^#' "$lock" | while read -r name version sum; do
    # shellcheck disable=SC2086
    apt-get $options -qq download "$name=$version" || {
        echo "Debian has no $name $version any more: run \`make lock\`." >&2
        exit 1
    }
    mv ./"${name}"_*.deb "$name.deb"
    echo "$sum  $name.deb" | sha256sum --check --quiet
    mkdir "$name"
    dpkg-deb --extract "$name.deb" "$name"
    mkdir -p "$folder/var/lib/dpkg/status.d"
    # Where scanners look for packages that dpkg did not install.
    dpkg-deb --field "$name.deb" >"$folder/var/lib/dpkg/status.d/$name"
done

keep() { # PACKAGE PATH...
    package=$1
    shift
    (cd "$package" && tar --create "usr/share/doc/$package/copyright" "$@") | tar --extract -C "$folder"
}

keep antiword usr/bin/antiword usr/share/antiword
keep fonts-dejavu-core usr/share/fonts/truetype/dejavu
keep fonts-liberation2 usr/share/fonts/truetype/liberation2
keep fonts-noto-cjk usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc \
    usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc
noto=
for script in '' Arabic Armenian Bengali Devanagari Ethiopic Georgian Gujarati Gurmukhi Hebrew \
    Kannada Khmer Lao Malayalam Math Myanmar Sinhala Symbols Symbols2 Tamil Telugu Thai; do
    noto="$noto $(cd fonts-noto-core && echo usr/share/fonts/truetype/noto/NotoSans"$script"-*.ttf)"
done
# shellcheck disable=SC2086 # a list
keep fonts-noto-core $noto
keep libfribidi0 usr/lib/x86_64-linux-gnu/libfribidi.so.0 usr/lib/x86_64-linux-gnu/libfribidi.so.0.4.0
rm -r "$work"
