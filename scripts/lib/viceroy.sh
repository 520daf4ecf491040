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

# Where something is measured, what the platform does for a call is not to count for more than it
# must: arguments of cargo that compile Viceroy for speed. Tests do without, which takes minutes
# less.
# shellcheck disable=SC2034  # for scripts/bench and scripts/lib/measures.sh
FAST_VICEROY=(--config 'profile.dev.package.viceroy-lib.opt-level=3'
    --config 'profile.dev.package.wasmtime-wasi.opt-level=3')

# Viceroy copies all root certificates for each request and each call to a backend, which the
# platform does not. Where something is measured no backend speaks TLS; without any certificate it
# does not start.
use_one_certificate() {
    local bundle one="$CARGO_TARGET_DIR/one-certificate.pem"
    for bundle in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt \
        /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
        [[ -f $bundle && $bundle != "$one" ]] || continue
        sed -n '/BEGIN CERT/,/END CERT/p; /END CERT/q' "$bundle" >"$one"
        if [[ -s $one ]]; then
            export SSL_CERT_FILE=$one
            say "with one root certificate: Viceroy copies all of them for each request"
            return
        fi
    done
}
