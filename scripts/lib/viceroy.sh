# shellcheck shell=bash
# Viceroy, the runtime that the edge function is tried in, as a program.
#
# To be sourced after toolchain.sh.

# As crates/devnet has it.
VICEROY_VERSION=0.22.0
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/redwedding"

# Prints the path of the one that VICEROY names, else of one compiled for it.
viceroy_program() {
    local viceroy=${VICEROY:-$CACHE/viceroy/bin/viceroy}
    if [[ -z ${VICEROY:-} && ! -x $viceroy ]]; then
        # Build output of its own: with other features, it would push out what
        # the local network is built from.
        step "compiling Viceroy $VICEROY_VERSION (a quarter of an hour)" \
            with_progress env "CARGO_TARGET_DIR=$CACHE/viceroy-build" \
            cargo install --locked viceroy --version "$VICEROY_VERSION" --root "$CACHE/viceroy"
        rm -rf "$CACHE/viceroy-build"
    fi
    [[ -x $viceroy ]] || die "no Viceroy at $viceroy"
    echo "$viceroy"
}
