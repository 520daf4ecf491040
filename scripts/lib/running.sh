# shellcheck shell=bash
# Whether a local network runs on a data folder, and how to wait for its end.
#
# To be sourced. A process id from a file is believed only if that process
# still runs the program: ids are reused. It reads /proc, so it needs Linux.

# runs_program PID NAME, the latter a regular expression
runs_program() {
    local arguments
    [[ $1 =~ ^[0-9]+$ ]] && arguments=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") &&
        [[ $arguments =~ $2 ]]
}

# Prints the id of the network that runs on the folder $1; else status 1.
running_pid() {
    local pid
    pid=$(cat "$1/devnet.pid" 2>/dev/null) || return 1
    # Before its start is through, the id may belong to scripts/serve itself.
    runs_program "$pid" 'redwedding-devnet|scripts/serve' || return 1
    echo "$pid"
}

# wait_until_gone PID SECONDS
wait_until_gone() {
    local tenths=$(($2 * 10))
    while kill -0 "$1" 2>/dev/null; do
        ((tenths-- > 0)) || return 1
        sleep 0.1
    done
}

# A network that was killed could not end its relay.
end_orphaned_relay() {
    local pid
    pid=$(cat "$1/relay.pid" 2>/dev/null) || return 0
    if runs_program "$pid" redwedding-relay; then
        kill -KILL "$pid" 2>/dev/null || true
        wait_until_gone "$pid" 5 || true
    fi
    rm -f "$1/relay.pid"
}
