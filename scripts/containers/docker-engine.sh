#!/usr/bin/env bash
# A Docker Engine of its own, of Debian's packages, below a folder: no service, no systemd, and
# nothing of the machine's network is changed, so containers reach each other and 127.0.0.1 only.
#
#   docker-engine.sh start FOLDER | stop FOLDER      DOCKER_HOST is then unix://FOLDER/socket
set -Eeuo pipefail
trap 'echo "docker-engine: line $LINENO failed" >&2' ERR
folder=$2
export PATH=$folder/root/usr/bin:$folder/root/usr/sbin:$PATH

install_engine() {
    mkdir -p "$folder/packages"
    chmod 777 "$folder/packages" # apt downloads as a user of its own.
    (cd "$folder/packages" && apt-get download -qq docker.io containerd runc tini)
    for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/root"; done
}

start() {
    [ -x "$folder/root/usr/sbin/dockerd" ] || install_engine
    setsid dockerd --iptables=false --ip-forward=false --ip-masq=false --bridge=none \
        --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" \
        --host "unix://$folder/socket" --default-ulimit nofile=4096:4096 \
        --exec-opt native.cgroupdriver=cgroupfs >"$folder/log" 2>&1 </dev/null &
    for _ in $(seq 120); do
        docker --host "unix://$folder/socket" version >/dev/null 2>&1 && return
        sleep 0.5
    done
    tail -n 20 "$folder/log" >&2
    return 1
}

stop() {
    [ -s "$folder/pid" ] || return 0
    pid=$(cat "$folder/pid")
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 60); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.5
    done
    echo "docker-engine: $pid does not end" >&2
    return 1
}

"$1"
