#!/usr/bin/env bash
# A Docker Engine of its own, of Debian's packages, below a folder: no service and no systemd. It
# adds bridges for its networks, but no rules of iptables and no forwarding, so its containers reach
# each other and this machine only.
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
    echo $! >"$folder/started" # The engine writes its own file some time later.
    for _ in $(seq 120); do
        docker --host "unix://$folder/socket" version >/dev/null 2>&1 && return
        sleep 0.5
    done
    tail -n 20 "$folder/log" >&2
    return 1
}

stop() {
    [ -s "$folder/started" ] || return 0
    pid=$(cat "$folder/started")
    rm "$folder/started"
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 60); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.5
    done
    echo "docker-engine: $pid does not end, and is killed" >&2
    kill -9 "$pid"
    return 1
}

"$1"
