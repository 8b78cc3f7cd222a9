#!/bin/sh
# Installs Debian packages, and collects all files that this changes in a folder:
# install_debian.sh LIST CA_BUNDLE FOLDER
#
# The final image copies the folder, so that neither package sources nor the certificates of the
# builder's proxy are in its layers. apt checks Debian's signatures.
set -eu
list=$1 certificates=$2 folder=$3
export DEBIAN_FRONTEND=noninteractive
apt() {
    if [ -s "$certificates" ]; then
        apt-get -o "Acquire::https::CaInfo=$certificates" "$@"
    else
        apt-get "$@"
    fi
}
# Licences stay. The layer is discarded if the build breaks off, so nothing needs to be synced.
cat >/etc/dpkg/dpkg.cfg.d/image <<'END'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
path-include=/usr/share/doc/*/copyright
END
before=$(mktemp)
sleep 0.1
packages=$(sed 's/ *#.*//' "$list")
# Headers to compile extensions of Debian's Python; the official image has its own.
if [ "$(readlink -f "$(command -v python3)")" = /usr/bin/python3.11 ]; then
    packages="$packages libpython3-dev"
fi
apt -qq update
# shellcheck disable=SC2086 # a list
apt -qq --yes --no-install-recommends install $packages >/dev/null
if dpkg --status locales >/dev/null 2>&1; then
    for name in de_DE en_GB en_US es_ES fr_FR ja_JP pt_BR zh_CN; do
        localedef --inputfile=$name --charmap=UTF-8 $name.UTF-8
    done
    rm -r /usr/share/i18n
fi

# Large files that no code in a sandbox needs: OpenGL's drivers, sanitizers and link-time
# optimization of the compiler, static libraries, translations, and variants of fonts.
cd /usr/lib/x86_64-linux-gnu
rm -rf dri mfx libmfxhw64.so* libLLVM-*.so* libz3.so* libpython3.11.a
rm -f /usr/lib/python3.11/config-3.11-x86_64-linux-gnu/libpython3.11*.a
for name in asan hwasan lsan tsan ubsan; do
    rm -f lib$name.so.* /usr/lib/gcc/x86_64-linux-gnu/12/lib$name*
done
rm -f /usr/lib/gcc/x86_64-linux-gnu/12/lto1 /usr/bin/*lto-dump*
rm -rf /usr/share/locale/*/LC_MESSAGES
cd /usr/share/fonts
find opentype/noto -name '*CJK*' ! -name 'NotoSansCJK-Regular.ttc' ! -name 'NotoSansCJK-Bold.ttc' -delete
find truetype/nanum -name '*.ttf' ! -name 'NanumGothic.ttf' ! -name 'NanumGothicBold.ttf' \
    ! -name 'NanumMyeongjo.ttf' -delete
keep=
for script in '' Arabic Armenian Bengali Devanagari Ethiopic Georgian Gujarati Gurmukhi Hebrew \
    Kannada Khmer Lao Malayalam Math Myanmar Sinhala Symbols Symbols2 Tamil Telugu Thai; do
    keep="$keep ! -name NotoSans$script-*.ttf"
done
# shellcheck disable=SC2086 # a list
find truetype/noto -name 'Noto*.ttf' ! -name NotoColorEmoji.ttf $keep -delete

# WordNet, where NLTK reads it: NLTK follows no links out of its folder.
mkdir -p /usr/share/nltk_data/corpora
mv /usr/share/wordnet /usr/share/nltk_data/corpora/wordnet

rm /etc/dpkg/dpkg.cfg.d/image
find / -xdev -perm /6000 -type f -exec chmod a-s {} +
mkdir -p "$folder"
# Changed inodes, because packages set the times of their files.
find / -xdev \( -path "$folder" -o -path /tmp -o -path /var/lib/apt -o -path /var/cache/apt \
    -o -path /var/cache/debconf -o -path /var/log -o -path /root \) -prune -o \
    -cnewer "$before" \( -type f -o -type l \) ! -path /etc/hosts ! -path /etc/hostname \
    ! -path /etc/resolv.conf ! -name '*.dpkg-old' ! -path '/var/lib/dpkg/*-old' -print0 |
    tar --create --null --no-recursion --files-from=- --directory=/ 2>/dev/null |
    tar --extract --directory="$folder"
